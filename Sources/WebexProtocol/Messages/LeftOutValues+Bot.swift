public import BotEngine
public import Wire

extension LeftOutValues {
  /// Tells a bot of them by the parameter `patchbay_left_out`, where there are any.
  public func note(in parameters: inout [String: BotValue]) {
    if !isEmpty { parameters["patchbay_left_out"] = .list(names.map { .string($0) }) }
  }
}
