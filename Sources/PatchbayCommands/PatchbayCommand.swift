/// The command `patchbay` as a library: for a server that answers calls with engines of its own.
///
/// ```swift
/// @main
/// struct Server {
///   static func main() async {
///     await PatchbayCommand.main(engines: [OwnEngine(kind: "parrot") { _ in Parrot() }])
///   }
/// }
/// ```
public enum PatchbayCommand {
  /// Reads the process's arguments and carries the command out, as `patchbay` does; ends the process where it fails.
  ///
  /// Every subcommand knows the engines: `serve` answers calls with them, `config check` checks their keys, `bot test`
  /// tests them.
  public static func main(engines: [OwnEngine] = []) async {
    for engine in engines { engine.register() }
    await Patchbay.main(ProcessArguments.current())
  }
}
