// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "order-server",
  dependencies: [
    // In a project of your own: .package(url: "https://…/patchbay", from: "0.1.0")
    .package(name: "patchbay", path: "../../..")
  ],
  targets: [
    .target(name: "OrderBot", dependencies: [.product(name: "BotEngine", package: "patchbay")]),
    .executableTarget(
      name: "order-server", dependencies: ["OrderBot", .product(name: "PatchbayCommands", package: "patchbay")]),
    .testTarget(
      name: "OrderBotTests", dependencies: ["OrderBot", .product(name: "BotTestKit", package: "patchbay")]),
  ],
  swiftLanguageModes: [.v6]
)
