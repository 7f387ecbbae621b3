public import BotEngine

/// A bot that tells where an order is. The caller keys the order's number; `0` brings a person.
public struct OrderBot: BotEngine {
  private let orders: [String: String]
  private let shop: String

  /// A bot that knows these orders: what is said of each, by its number of six digits.
  public init(orders: [String: String], shop: String) {
    self.orders = orders
    self.shop = shop
  }

  /// It lives on keys: the caller's voice need not reach it.
  public var audioDelivery: CallerAudioDelivery { .none }

  /// Holds one call.
  public func converse(_ call: BotCall) async throws {
    var failures = 0
    for await event in call.events {
      switch event {
      case .started:
        ask(call, "Welcome to \(shop). Please key in your order number, or zero for a person.")
      case .digits("0"), .digits("0#"):
        handOver(call, "The caller asked for a person.")
      case .digits(let keys):
        if let state = orders[keys.filter(\.isNumber)] {
          failures = 0
          ask(call, "Your order \(state). You may key in another number, or zero for a person.")
          continue
        }
        failures += 1
        retry(call, after: failures, "There is no such order. Please key in the six digits of its number.")
      case .noInput:
        failures += 1
        retry(call, after: failures, "Are you still there? Please key in your order number, or zero for a person.")
      case .custom, .speechEnded:
        ask(call, "Please key in your order number, or zero for a person.")
      case .audio, .speechStarted, .interrupted, .mark, .ended:
        break
      }
    }
  }

  private func ask(_ call: BotCall, _ words: String) {
    call.send(.transcript(speaker: .agent, text: words))
    call.endTurn(
      saying: words,
      settings: BotInputSettings(
        mode: .digits, digitCount: 6, terminator: "#", interDigitTimeout: 2_000, noInputTimeout: 8_000))
  }

  private func retry(_ call: BotCall, after failures: Int, _ words: String) {
    if failures < 3 { ask(call, words) } else { handOver(call, "The caller failed three times to name an order.") }
  }

  private func handOver(_ call: BotCall, _ why: String) {
    call.send(.text("One moment please. I am connecting you to a person.", bargeIn: false))
    call.send(.transfer(summary: why, metadata: ["shop": .string(shop)]))
  }
}
