import BotEngine

/// What the flow designer hands over with a call, as a Realtime bot is told it.
struct RealtimeCallData {
  /// `[Call] ` and a JSON object; its members are those of `name`, `parameters`, `additionalInfo`,
  /// `vendorConfiguration` and `leftOut` that there are.
  let text: String

  /// `nil` where nothing was handed over. A name alone, which the platform itself writes, is nothing.
  init?(_ info: CallInfo) {
    var members: [String: BotValue] = [:]
    if !info.startParameters.isEmpty { members["parameters"] = .object(info.startParameters) }
    if !info.additionalInfo.isEmpty {
      members["additionalInfo"] = .object(info.additionalInfo.mapValues { .string($0) })
    }
    if let configuration = info.vendorConfiguration { members["vendorConfiguration"] = .string(configuration) }
    if !info.leftOut.isEmpty { members["leftOut"] = .list(info.leftOut.map { .string($0) }) }
    guard !members.isEmpty else { return nil }
    if let name = info.startName { members["name"] = .string(name) }
    text = "[Call] \(BotValue.object(members).json)"
  }
}
