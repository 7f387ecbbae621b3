/// The command `patchbay` as a library: for a server that answers calls with engines of its own.
///
/// ```swift
/// @main
/// struct Server {
///   static func main() async { await PatchbayCommand.main() }
/// }
/// ```
public enum PatchbayCommand {
  /// Reads the process's arguments and carries the command out, as `patchbay` does; ends the process where it fails.
  public static func main() async { await Patchbay.main() }
}
