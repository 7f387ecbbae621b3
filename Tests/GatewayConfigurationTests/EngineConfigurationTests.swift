import BotEngines
import Foundation
import Testing
import YAMLReading

@testable import GatewayConfiguration

private typealias Agent = Configuration.Agent

@Suite("Bots that are elsewhere, in the configuration")
struct EngineConfigurationTests {
  private func parse(_ engine: String, _ more: String = "") throws -> Configuration {
    try Configuration.parse("agents: [{id: a, engine: {\(engine)}}]\n\(more)", file: "p.yaml").configuration
  }

  private func problems(_ engine: String, _ more: String = "") -> [String] {
    do {
      _ = try parse(engine, more)
      return []
    } catch { return (error as? ConfigurationError)?.problems.map(\.description) ?? ["\(error)"] }
  }

  private func engine(_ text: String) throws -> Agent.Engine { try #require(try parse(text).agents.first).engine }

  @Test("one URL is enough for each kind")
  func defaults() throws {
    guard case .grpc(let grpc) = try engine("kind: grpc, url: \"https://bot.example.com\"") else {
      Issue.record("not grpc")
      return
    }
    #expect(grpc.endpoint.host == "bot.example.com" && grpc.endpoint.port == 443 && grpc.endpoint.isSecure)
    #expect(grpc.endpoint.connectTimeout == .seconds(3) && grpc.endpoint.answerTimeout == .seconds(5))
    let breaker = grpc.endpoint.breaker
    #expect(breaker.failures == 5 && breaker.window == .seconds(10) && breaker.probe == .seconds(5))
    #expect(grpc.hears == .turns && grpc.encoding == .linear16)
    guard case .mediaStreams(let streams) = try engine("kind: media-streams, url: \"wss://bot.example.com:8443/x?y=z\"")
    else {
      Issue.record("not media-streams")
      return
    }
    #expect(streams.endpoint.port == 8443 && streams.account.count == 34 && streams.turnSilence == .milliseconds(700))
    guard case .realtime(let realtime) = try engine("kind: realtime, url: \"wss://api.example.com/v1/realtime\"") else {
      Issue.record("not realtime")
      return
    }
    #expect(realtime.format == .pcmu && realtime.tools == RealtimeSettings.Tool.allCases)
    guard case .byova(let forwarded) = try engine("kind: byova, url: \"http://127.0.0.1:50051\"") else {
      Issue.record("not byova")
      return
    }
    #expect(forwarded.endOfInput == .upstream && forwarded.agent == nil && !forwarded.endpoint.isSecure)
    #expect(forwarded.completeTimeout == .shorter && !forwarded.forwardsToken && realtime.callData == .item)
  }

  @Test("every key is read, printed and read back, and values that may be secret are not printed")
  func everything() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let text = """
      agents:
        - id: a
          engine:
            kind: realtime
            url: wss://api.example.com/v1/realtime
            model: m
            voice: v
            instructions_file: front-desk.yaml
            greeting: Say hello.
            format: pcm
            tools: [end_call]
            session_file: front-desk.yaml
            call_data: instructions
            api_key_file: admin.token
            headers: [{name: X-One, value: sesame}, {name: x-two, value_variable: TWO}]
            tls: {ca: ca.pem, certificate: server.pem, key: server.key, server_name: other}
            timeouts: {connect: 1s, first_answer: 4s}
            breaker: {failures: 2, window: 20s, probe: 1s}
          fallback: {text: Sorry., then: end}
        - id: b
          engine:
            kind: media-streams
            url: ws://10.0.0.7:8765/ws
            plaintext: true
            account: AC1
            parameters: [{name: n, value: sesame}]
            turn_silence: 1s
        - {id: c, engine: {kind: grpc, url: "http://localhost:5", hears: everything, audio: mulaw}}
        - id: d
          engine:
            {kind: byova, url: "https://old.example.com", agent: "1", end_of_input: patchbay, complete_timeout: ignore,
             forward_token: true}
      egress: {hosts: ["*.example.com", 10.0.0.7]}
      """
    let read = try Configuration.parse(text, file: fixture.file).configuration
    guard case .realtime(let bot) = read.agents[0].engine else {
      Issue.record("not realtime")
      return
    }
    #expect(bot.instructions == "content of front-desk.yaml\n" && bot.tools == [.end] && bot.format == .pcm)
    #expect(bot.callData == .instructions)
    guard case .byova(let forwarded) = read.agents[3].engine else {
      Issue.record("not byova")
      return
    }
    #expect(forwarded.completeTimeout == .ignore && forwarded.forwardsToken)
    #expect(bot.endpoint.headers.map(\.name) == ["x-one", "x-two"])
    #expect(bot.endpoint.authorization == .file(fixture.folder + "/admin.token"))
    #expect(read.agents[0].fallback == .init(prompt: nil, text: "Sorry.", then: .end))

    let printed = read.yaml(relativeTo: "/")
    #expect(!printed.contains("sesame"))
    let again = try Configuration.parse(
      printed.replacing("********", with: "sesame").replacing(
        "instructions: \"content of front-desk.yaml\\n\"", with: "instructions_file: \(fixture.folder)/front-desk.yaml"),
      file: "/printed.yaml"
    ).configuration
    #expect(again.agents == read.agents && again.egress == read.egress)
  }

  @Test("every key has its variable")
  func environment() throws {
    let read = try Configuration.parse(
      "agents: [{id: a, engine: {kind: grpc, url: \"https://a.example.com\"}}]", file: "p.yaml",
      environment: [
        "PATCHBAY_AGENTS_0_ENGINE_URL": "https://b.example.com:444",
        "PATCHBAY_AGENTS_0_ENGINE_TIMEOUTS_FIRST_ANSWER": "7s",
        "PATCHBAY_AGENTS_0_ENGINE_AUTHORIZATION_VARIABLE": "BOT_TOKEN",
        "PATCHBAY_EGRESS_HOSTS": "b.example.com,c.example.com",
      ]
    ).configuration
    let endpoint = try #require(read.agents[0].engine.endpoint)
    #expect(endpoint.host == "b.example.com" && endpoint.port == 444)
    #expect(endpoint.answerTimeout == .seconds(7) && endpoint.authorization == .variable("BOT_TOKEN"))
    #expect(read.egress.hosts == ["b.example.com", "c.example.com"])
  }

  @Test(
    "what is wrong is said with what to write instead",
    arguments: [
      ("kind: grcp", "", "did you mean grpc?"), ("kind: grpc", "", "`agents[0].engine.url` is missing"),
      ("kind: grpc, url: \"wss://a.example.com\"", "", "begins with https:// or http://"),
      ("kind: realtime, url: \"https://a.example.com\"", "", "begins with wss:// or ws://"),
      ("kind: grpc, url: \"https://a.example.com/path\"", "", "gRPC knows none"),
      ("kind: grpc, url: \"https://user@a.example.com\"", "", "begins with https:// or http://"),
      ("kind: grpc, url: \"http://a.example.com\"", "", "`plaintext: true`"),
      ("kind: grpc, url: \"https://a.example.com\"", "egress: {hosts: [b.example.com]}", "is not in `egress.hosts`"),
      ("kind: grpc, url: \"https://a.example.com\"", "egress: {hosts: [\"https://a\"]}", "without scheme and port"),
      ("kind: grpc, url: \"https://a.example.com\", headers: [{name: host, value: x}]", "", "cannot be a header"),
      ("kind: grpc, url: \"https://a.example.com\", headers: [{name: x-y}]", "", "has no value"),
      ("kind: grpc, url: \"https://a.example.com\", tls: {key: /dev/null}", "", "without the other"),
      ("kind: grpc, url: \"https://a.example.com\", hears: nothing", "", "write one of: none, turns, everything"),
      ("kind: grpc, url: \"https://a.example.com\", timeouts: {first_answer: 1h}", "", "from 500ms to 30s"),
      (
        "kind: realtime, url: \"wss://a.example.com\", tools: [transfer_to_agen]", "", "did you mean transfer_to_agent?"
      ),
      ("kind: scripted, url: \"https://a.example.com\"", "", "unknown key `url`"),
      ("kind: byova, url: \"https://a.example.com\", complete_timeout: long", "", "write one of: shorter, any, ignore"),
      (
        "kind: byova, url: \"http://a.example.com\", plaintext: true, forward_token: true", "",
        "is not enough for tokens"
      ),
      (
        "kind: byova, url: \"https://a.example.com\", forward_token: true, authorization_variable: TOKEN", "",
        "and an authorization of our own are both given"
      ),
      (
        "kind: media-streams, url: \"wss://a.b\", parameters: [{name: a, value: b}, {name: a, value: c}]", "",
        "given twice"
      ),
    ])
  func mistakes(engine: String, more: String, phrase: String) {
    #expect(problems(engine, more).contains { $0.contains(phrase) }, "\(problems(engine, more))")
  }

  @Test("eager ends are for engines that can be told of them")
  func eager() throws {
    func problems(_ engine: String) -> [String] {
      GatewayConfigurationTests.problems(of: "agents: [{id: a, eager: true, engine: {\(engine)}}]")
    }
    let found = problems("kind: byova, url: \"https://a.example.com\"")
    #expect(found.count == 1 && found[0].contains("kind `byova` cannot be told"), "\(found)")
    for kind in ["media-streams", "realtime"] { #expect(problems("kind: \(kind), url: \"wss://a.b\"").isEmpty) }
    #expect(problems("kind: demo").isEmpty)
    #expect(problems("kind: grpc, url: \"https://a.example.com\"").isEmpty)
  }

  @Test("a turn is ended by bots that hear its end themselves, and by one way only")
  func botEndsTurn() throws {
    func problems(_ engine: String, _ more: String = "") -> [String] {
      GatewayConfigurationTests.problems(
        of: "agents: [{id: a, speech: {bot_ends_turn: true}, \(more) engine: {\(engine)}}]")
    }
    for kind in ["media-streams", "realtime"] { #expect(problems("kind: \(kind), url: \"wss://a.b\"").isEmpty) }
    #expect(problems("kind: grpc, url: \"https://a.b\"").isEmpty)
    for (engine, phrase) in [
      ("kind: demo", "hears of the end of a turn from Patchbay"),
      ("kind: byova, url: \"https://a.b\"", "END_OF_INPUT"),
      ("kind: grpc, url: \"https://a.b\", hears: none", "hears nothing"),
    ] {
      let found = problems(engine)
      #expect(found.count == 1 && found[0].contains(phrase), "\(found)")
    }
    let both = problems("kind: grpc, url: \"https://a.b\"", "eager: true,")
    #expect(both.count == 1 && both[0].contains("remove one of the two"), "\(both)")
  }

  @Test("a connection is allowed to loopback, to the hosts listed, and to those that the engines name where none is")
  func egress() {
    let egress = Configuration.Egress(hosts: ["bot.example.com", "*.example.org"])
    for host in ["bot.example.com", "BOT.example.com", "a.example.org", "a.b.example.org", "127.0.0.1", "localhost"] {
      #expect(egress.allows(host), "\(host)")
    }
    for host in ["example.com", "a.bot.example.com", "example.org", "evilexample.org", "10.0.0.1"] {
      #expect(!egress.allows(host), "\(host)")
    }
    #expect(Configuration.Egress(hosts: []).allows("anything.example"))
  }
}
