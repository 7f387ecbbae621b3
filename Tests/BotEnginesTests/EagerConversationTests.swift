import BotEngine
import Logging
import Testing

@testable import BotEngines

@Suite("Engines of values answer turns that may be over, and forget the answer where they are not")
struct EagerConversationTests {
  private let folder: ScriptFolder

  init() throws { folder = try ScriptFolder() }

  /// A dialogue of this folder, and what it says to an event.
  private func dialogue(_ text: String) throws -> EagerConversation<DialogueRun> {
    EagerConversation(DialogueRun(try folder.engine(text).dialogue))
  }

  @Test("a dialogue is where it was when the caller goes on, and one state further when the turn is over")
  func dialogue() throws {
    var call = try dialogue(
      """
      states:
        a: {say: {text: a}, speech: b}
        b: {say: {text: b}, speech: {transfer: true}}
      """)
    func answer(_ event: EagerEvent) -> ScriptedCaller.Answer { .init(commands: call.answer(to: event)) }
    _ = answer(.caller(.started))
    #expect(answer(.turn(.mayBeOver(offset: 1))).texts == ["b"])
    #expect(answer(.turn(.resumed)).commands.isEmpty)
    #expect(answer(.turn(.mayBeOver(offset: 2))).texts == ["b"])
    #expect(answer(.turn(.over(offset: 2))).commands.isEmpty, "the answer was given")
    // A transfer that never happened is none.
    #expect(answer(.turn(.mayBeOver(offset: 3))).transfer != nil)
    _ = answer(.turn(.resumed))
    #expect(answer(.caller(.noInput)).texts == ["b"])
    #expect(answer(.caller(.speechEnded(offset: 4))).transfer != nil)
  }

  @Test("a turn whose guess was missed is answered when it is over")
  func missedGuess() throws {
    var call = try dialogue("states: {a: {say: {text: a}, speech: {say: {text: b}, stay: true}}}")
    _ = call.answer(to: .caller(.started))
    #expect(ScriptedCaller.Answer(commands: call.answer(to: .turn(.over(offset: 1)))).texts == ["b"])
  }

  @Test("the demo says all of the caller's words back, those before the pause too, and none twice")
  func words() throws {
    var call = EagerConversation(DemoConversation(voice: try DemoVoice()))
    _ = call.answer(to: .caller(.started))
    func said(_ milliseconds: Int) {
      let audio = CallerAudio(samples: [Int16](repeating: 500, count: milliseconds * 8), sampleRate: 8000, offset: 0)
      _ = call.answer(to: .caller(.audio(audio)))
    }
    func audio(_ event: EagerEvent) -> Int { ScriptedCaller.Answer(commands: call.answer(to: event)).audio.count }
    said(1000)
    let first = audio(.turn(.mayBeOver(offset: 1)))
    _ = call.answer(to: .turn(.resumed))
    said(500)
    #expect(audio(.turn(.mayBeOver(offset: 2))) - first == 4000)
    said(400)
    _ = call.answer(to: .turn(.over(offset: 2)))
    said(1000)
    #expect(audio(.caller(.speechEnded(offset: 3))) == first)
  }

  @Test("what a configuration knows of an engine's eager ends is what the engine says")
  func specifications() throws {
    let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let script = try folder.write("s.yaml", Array("states: {a: {speech: {end: true}}}".utf8))
    func endpoint(_ scheme: String) -> BotEndpoint {
      BotEndpoint(url: "\(scheme)://127.0.0.1:1/", host: "127.0.0.1", port: 1, isSecure: false)
    }
    let specifications: [EngineSpecification] = [
      .demo, .scripted(script: script), .grpc(.init(endpoint: endpoint("http"))),
      .byova(.init(endpoint: endpoint("http"))),
      .mediaStreams(.init(endpoint: endpoint("ws"))), .realtime(.init(endpoint: endpoint("ws"))),
    ]
    for specification in specifications {
      let engine = try BotEngineFactory.makeEngine(specification, log: log)
      #expect(engine.eagerEnds == specification.eagerEnds, "\(specification)")
    }
  }

  @Test(
    "an agent's wish counts where its engine leaves it the choice",
    arguments: [
      (EagerEnds.never, nil, false), (.never, true, false), (.onRequest, nil, false), (.onRequest, true, true),
      (.always, nil, true), (.always, false, false),
    ] as [(EagerEnds, Bool?, Bool)])
  func wishes(engine: EagerEnds, wish: Bool?, areTold: Bool) {
    #expect(engine.areTold(agent: wish) == areTold)
  }
}
