import BotEngine
import GRPCTransport
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("A conversation goes on over its RPCs, and ends in time")
struct ConversationTests {
  private func greeted(
    _ conversation: ConversationStateMachine.Settings = .init(), bot: PuppetBot = PuppetBot()
  ) throws -> TestGateway {
    let test = try TestGateway(bot: bot, conversation: conversation)
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    test.answer("hello")
    rpc.halfClose()
    #expect(try rpc.told == ["hello"])
    #expect(rpc.status == .ok)
    rpc.end(.completed)
    return test
  }

  @Test("without an RPC it is over after its idle time, and not before")
  func idle() throws {
    let test = try greeted()
    test.advance(by: .seconds(599))
    #expect(test.gateway.liveConversations == 1)
    test.advance(by: .seconds(1))
    #expect(test.gateway.liveConversations == 0)
    #expect(test.bot.heard.last == "\(CallerEvent.ended(.idle))")
  }

  @Test("where its last RPC was lost, it is over after a minute")
  func lost() throws {
    let test = try greeted()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.of(.dtmf([.one])))
    rpc.end(.cancelled)
    test.advance(by: .milliseconds(59_900))
    #expect(test.gateway.liveConversations == 1)
    test.advance(by: .milliseconds(200))
    #expect(test.gateway.liveConversations == 0)
  }

  @Test("a caller is transferred whose bot does not answer in five seconds; what the bot says then is not heard")
  func answerTimeout() throws {
    let test = try TestGateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    test.advance(by: .milliseconds(4999))
    #expect(rpc.sent.isEmpty)
    test.advance(by: .milliseconds(1))
    #expect(try rpc.told == ["transferToAgent"])
    #expect(rpc.status == .ok)
    test.answer("late")
    #expect(try rpc.told == ["transferToAgent"])
  }

  @Test("a bot that takes nothing of what happens keeps nobody waiting")
  func slowBot() throws {
    let test = try TestGateway(bot: PuppetBot(listens: false))
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    test.advance(by: .seconds(5))
    #expect(try rpc.told == ["transferToAgent"])
    #expect(test.gateway.liveConversations == 0)
  }

  @Test("each of two RPCs that overlap is answered on itself")
  func overlap() throws {
    let test = try greeted(.init(mode: .chunk))
    let audio = try test.call()
    audio.send(message: VoiceRequest.silence)
    let keys = try test.call()
    keys.send(message: VoiceRequest.of(.dtmf([.one, .two])))
    keys.halfClose()
    test.advance(by: .seconds(3))
    #expect(test.bot.heard.last == "\(CallerEvent.digits("12"))")
    test.answer("twelve")
    #expect(try keys.told.first == "twelve")
    #expect(keys.status == .ok)
    #expect(audio.sent.isEmpty && audio.status == nil)
    audio.send(message: VoiceRequest.silence)
    #expect(audio.status == nil)
  }

  @Test("an interruption drops what was not sent and tells the bot how much was heard")
  func interruption() throws {
    let test = try greeted(.init(mode: .chunk))
    let first = try test.call()
    first.send(message: VoiceRequest.of(.dtmf([.one])))
    first.halfClose()
    test.advance(by: .seconds(3))
    // Half a minute, of which no more than ten seconds are sent ahead.
    test.bot(.audio(BotAudio(.mulaw([UInt8](repeating: 0x55, count: 240_000)))))
    test.advance(by: .seconds(2))
    let sent = first.sent.count
    #expect(sent > 0)
    let second = try test.call()
    second.send(message: VoiceRequest.of(.event(.init(.startOfDTMF))))
    #expect(test.bot.heard.last == "\(CallerEvent.interrupted(playedMilliseconds: 2000))")
    test.advance(by: .seconds(5))
    #expect(try first.responses.dropFirst(sent).allSatisfy { $0.prompts.allSatisfy { ($0.audio ?? []).isEmpty } })
  }

  @Test("half-closed before the answer, an RPC gets it all the same")
  func halfCloseBeforeTheAnswer() throws {
    let test = try TestGateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    rpc.halfClose()
    #expect(rpc.status == nil)
    test.answer("hello")
    #expect(try rpc.told == ["hello"] && rpc.status == .ok)
  }

  @Test("half-closed without anything said, an RPC of audio is completed and the call goes on")
  func halfCloseInSilence() throws {
    let test = try greeted()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.silence)
    rpc.halfClose()
    #expect(rpc.status == .ok && test.gateway.liveConversations == 1)
  }

  @Test("a greeting that the client did not get is given again")
  func lostGreeting() throws {
    let test = try TestGateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    test.answer("hello")
    #expect(rpc.lingering > .zero)
    let again = try test.call()
    again.send(message: VoiceRequest.start)
    #expect(test.bot.heard.count == 1)
    rpc.end(.cancelled)
    #expect(test.bot.heard == ["\(CallerEvent.started)", "\(CallerEvent.started)"])
    test.answer("hello again")
    #expect(try again.told == ["hello again"])
  }

  @Test("one that has lasted as long as it may is handed over")
  func maximumLength() throws {
    let test = try greeted(.init(idleTimeout: .seconds(100), maximumLength: .seconds(60)))
    test.advance(by: .seconds(60))
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.silence)
    #expect(try rpc.told == ["transferToAgent"])
    #expect(test.gateway.liveConversations == 0)
  }

  @Test("an RPC whose answers are not read is refused")
  func unreadAnswers() throws {
    let test = try TestGateway()
    let rpc = try test.call()
    rpc.send(message: VoiceRequest.start)
    rpc.hasRoom = false
    test.answer("hello")
    #expect(rpc.status?.code == .resourceExhausted)
  }
}
