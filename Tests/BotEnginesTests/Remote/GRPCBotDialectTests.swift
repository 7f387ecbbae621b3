import BotEngine
import Locking
import Testing

@testable import BotEngines

@Suite("A GRPCBotDialect carries out what a bot says, for no turn that is not there yet")
struct GRPCBotDialectTests {
  private let events = CallerEvents()
  private let sent = Locked<[(name: String, turn: Int)]>([])
  private let dialect: GRPCBotDialect

  init() {
    let info = CallInfo(organization: "o", conversation: "c", agent: "a")
    let call = BotCall(info: info, events: events) { [sent] command, turn in
      sent.withLock { $0.append(("\(command)", turn)) }
    }
    dialect = GRPCBotDialect(call: call, encoder: ServerMessageEncoder(encoding: .mulaw))
  }

  private func receive(_ bytes: [UInt8]) -> BotFailure? {
    bytes.withUnsafeBytes { bytes in
      do throws(BotFailure) {
        try dialect.received(bytes)
        return nil
      } catch { return error }
    }
  }

  /// A mark of a turn; 0 is none.
  private func mark(turn: UInt8) -> [UInt8] { (turn == 0 ? [] : [0x08, turn]) + [0x6A, 3, 0x0A, 1, 0x61] }

  private func hear(_ event: CallerEvent, turn: Int) async {
    events.deliver(event, turn: turn)
    for await _ in events { return }
  }

  @Test("a command belongs to the turn that the bot names, and to the latest where it names none or a later one")
  func turns() async {
    await hear(.started, turn: 1)
    await hear(.digits("1"), turn: 2)
    for turn: UInt8 in [1, 2, 9, 0] { #expect(receive(mark(turn: turn)) == nil) }
    #expect(sent.withLock { $0.map(\.turn) } == [1, 2, 2, 2])
  }

  @Test("a bot of this version is welcome, one of a later version is refused in words, and what is unknown passes")
  func version() {
    // welcome {protocol_version: …} is field 2.
    #expect(receive([0x12, 2, 0x08, 1]) == nil && receive([0x12, 0]) == nil)
    let failure = receive([0x12, 2, 0x08, 2])
    #expect(failure?.kind == .refused)
    #expect(failure?.message == "it speaks version 2 of the interface; this is 1")
    #expect(receive([]) == nil && sent.withLock { $0.isEmpty })
  }

  @Test("what is no message fails the call, and nothing of it is carried out")
  func garbage() {
    #expect(receive([0x6A, 0xFF])?.kind == .garbage)
    #expect(sent.withLock { $0.isEmpty })
  }

  @Test("the RPC begins with who calls, and events follow with their turn")
  func messages() {
    #expect(dialect.opening?.isEmpty == false)
    #expect(dialect.message(for: .caller(.digits("1")), turn: 3)?.prefix(2) == [0x08, 3])
    // Turn 3, and field 15 with the offset of 5 ms.
    #expect(dialect.message(for: .turn(.over(offset: 5)), turn: 3) == [0x08, 3, 0x7A, 2, 0x08, 5])
  }
}
