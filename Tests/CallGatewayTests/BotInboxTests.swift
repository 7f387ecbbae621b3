import BotEngine
import Dispatch
import GRPCTransport
import Locking
import Logging
import Testing

@testable import CallGateway

@Suite("What a bot says on a thread of its own reaches the call's thread whole", .timeLimit(.minutes(1)))
struct BotInboxTests {
  /// Sends commands while the loop is busy; gives the bytes that arrived and how many commands were dropped.
  private func arrived(_ commands: [BotCommand]) async throws -> (bytes: Int, dropped: Int) {
    let group = try EventLoopGroup(logger: Logger(label: "test"))
    let loop = group.loops[0]
    let bytes = Locked(0)
    let dropped = Locked(0)
    let busy = DispatchSemaphore(value: 0)
    loop.execute { busy.wait() }
    let inbox = BotInbox(loop: loop, room: OutputRoom(), onDrop: { _ in dropped.withLock { $0 += 1 } }) { command, _ in
      if case .audio(let audio) = command, case .mulaw(let samples) = audio.content {
        bytes.withLock { $0 += samples.count }
      }
    }
    for command in commands { inbox.send(command, turn: 1) }
    busy.signal()
    await withCheckedContinuation { done in loop.execute { done.resume() } }
    await group.shutdown()
    return (bytes.withLock { $0 }, dropped.withLock { $0 })
  }

  private func audio(_ bytes: Int) -> BotCommand { .audio(BotAudio(.mulaw([UInt8](repeating: 0x55, count: bytes)))) }

  @Test("an announcement of 90 seconds at once, in one piece or in frames of 20 ms")
  func announcement() async throws {
    let whole = try await arrived([audio(720_000)])
    #expect(whole.bytes == 720_000 && whole.dropped == 0)
    let frames = try await arrived(Array(repeating: audio(160), count: 4_500))
    #expect(frames.bytes == 720_000 && frames.dropped == 0)
  }

  @Test("but no more than eight megabytes beside a piece that is longer")
  func bound() async throws {
    let long = try await arrived([audio(9_000_000), audio(100)])
    #expect(long.bytes == 9_000_000 && long.dropped == 1)
    let many = try await arrived(Array(repeating: audio(100_000), count: 100))
    #expect(many.bytes == 8_000_000 && many.dropped == 20)
  }
}
