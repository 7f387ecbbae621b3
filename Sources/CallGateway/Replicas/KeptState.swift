import BotEngine

/// What of a conversation is kept with its record for the next owner: how far its bot has got, in the bot's own words, and
/// whether what the caller says now is sensitive, so that it is from the first moment there.
struct KeptState: Sendable, Equatable {
  var bot: String
  var isSensitive: Bool

  init(bot: String, isSensitive: Bool) {
    self.bot = bot
    self.isSensitive = isSensitive
  }

  /// What the record has; `nil` where that is nothing, or is what no version of Patchbay has written.
  init?(_ text: String) {
    guard let mark = text.utf8.first, mark == Self.plain || mark == Self.sensitive else { return nil }
    let bot = String(text.unicodeScalars.dropFirst())
    guard !bot.isEmpty, bot.utf8.count <= BotCommand.maximumKept else { return nil }
    self.init(bot: bot, isSensitive: mark == Self.sensitive)
  }

  /// For the record.
  var text: String { (isSensitive ? "s" : "-") + bot }

  private static let sensitive = UInt8(ascii: "s")
  private static let plain = UInt8(ascii: "-")
}

extension Conversation {
  /// The bot says how far it has got.
  func keep(_ text: String) {
    let isTooLong = text.utf8.count > BotCommand.maximumKept
    if isTooLong, !hasReportedTooLong {
      hasReportedTooLong = true
      log.warning(
        "the bot has more kept for another server than may be: nothing is",
        metadata: ["agent": "\(agent.id)", "bytes": "\(text.utf8.count)"])
    }
    keep(text.isEmpty || isTooLong ? nil : KeptState(bot: text, isSensitive: machine.isSensitive))
  }

  /// What the caller says now has become sensitive, or is so no more.
  func keepSensitivity() {
    guard var kept = status.kept, kept.isSensitive != machine.isSensitive else { return }
    kept.isSensitive = machine.isSensitive
    keep(kept)
  }

  private func keep(_ kept: KeptState?) {
    guard let ownership, !isLost, kept != status.kept else { return }
    status.kept = kept
    ownership.keep(key.ownershipKey, number: status.number)
  }
}
