import PatchbayCommands

/// The program.
@main
struct Main {
  static func main() async { await PatchbayCommand.main() }
}
