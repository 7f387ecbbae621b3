import BotEngine
import Testing

@Suite("R4: a bot that sends faster than it is heard")
struct OutputRoomTests {
  @Test("goes on while there is room")
  func room() async {
    let room = OutputRoom()
    #expect(room.isOpen)
    await room.wait()
  }

  @Test("waits until every place has room again")
  func waits() async {
    let room = OutputRoom()
    room.set(.inbox, isFull: true)
    room.set(.conversation, isFull: true)
    let waiting = Task { await room.wait() }
    room.set(.inbox, isFull: false)
    #expect(!room.isOpen)
    room.set(.conversation, isFull: false)
    await waiting.value
  }

  @Test("waits no longer once the call is over, or its task is cancelled")
  func over() async {
    let room = OutputRoom()
    room.set(.conversation, isFull: true)
    let cancelled = Task { await room.wait() }
    cancelled.cancel()
    await cancelled.value
    let waiting = Task { await room.wait() }
    room.finish()
    await waiting.value
    #expect(room.isOpen)
  }
}
