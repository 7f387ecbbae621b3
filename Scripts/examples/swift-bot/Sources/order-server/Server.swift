import Foundation
import OrderBot
import PatchbayCommands

/// Patchbay with one more kind of engine: `engine: {kind: orders, file: orders.json, shop: The Example Shop}`.
@main
struct Server {
  static func main() async {
    await PatchbayCommand.main(engines: [
      OwnEngine(kind: "orders", required: ["file"], optional: ["shop"]) { settings in
        let file = URL(fileURLWithPath: settings["file"] ?? "")
        let orders = try JSONDecoder().decode([String: String].self, from: Data(contentsOf: file))
        return OrderBot(orders: orders, shop: settings["shop"] ?? "our shop")
      }
    ])
  }
}
