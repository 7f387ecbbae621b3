import Testing

@testable import GatewayConfiguration

/// A text, and how each of its problems begins.
struct BadConfiguration: Sendable, CustomTestStringConvertible {
  var text: String
  var problems: [String]

  init(_ text: String, _ problems: String...) {
    self.text = text
    self.problems = problems
  }

  var testDescription: String { text.count > 60 ? text.prefix(60) + "…" : text }
}

private let agents = "agents: [{id: a, engine: {kind: demo}}]\n"

@Suite("Bad configurations")
struct BadConfigurationTests {
  @Test(
    "R16: each mistake is reported with its line, and what to write instead",
    arguments: [
      // The text itself.
      BadConfiguration(
        "", "p.yaml: there is no agent to answer calls; write `agents: [{id: demo, engine: {kind: demo}}]`"),
      BadConfiguration(
        "[1, 2]", "p.yaml:1:1: the configuration has to be a group of keys, this is a list",
        "p.yaml:1:1: there is no agent"),
      BadConfiguration("agents: [", "p.yaml:2:1: this is not YAML: while parsing a flow"),
      BadConfiguration(
        "listen:\n\taddress: a",
        "p.yaml:2:1: this is not YAML: while scanning for the next token, found character that cannot start any token; indent with spaces"
      ),
      BadConfiguration("a: b: c", "p.yaml:1:5: this is not YAML: mapping values are not allowed in this context"),
      BadConfiguration(agents + "---\nlisten: {}", "p.yaml:2:1: a second document begins here"),
      BadConfiguration(
        agents + "logging: {level: info}\nlogging: {}",
        "p.yaml:3:1: `logging` is given already in line 2; keep one of the two"),
      BadConfiguration(agents + "logging: &x {level: info}", "p.yaml:2:10: anchors (&name) are not taken"),
      BadConfiguration("x: &a b\nagents: *a", "p.yaml:1:4: anchors", "p.yaml:2:9: aliases (*name) are not taken"),
      BadConfiguration(
        agents + "logging: !!map {level: info}", "p.yaml:2:10: tags (!name) are not taken; remove the tag"),
      BadConfiguration(agents + "limits: {conversations: !!int 5}", "p.yaml:2:25: tags"),
      BadConfiguration(agents + "? [a, b]\n: c", "p.yaml:2:3: a key has to be a word, this is a list"),
      // Keys.
      BadConfiguration(agents + "lisen: {}", "p.yaml:2:1: unknown key `lisen`; did you mean `listen`?"),
      BadConfiguration(
        agents + "logging:\n  levle: info", "p.yaml:3:3: unknown key `levle` in `logging`; did you mean `level`?"),
      BadConfiguration(
        agents + "shutdown:\n  xyz: 1",
        "p.yaml:3:3: unknown key `xyz` in `shutdown`; write one of: drain, grace, notice"),
      BadConfiguration(
        "agents:\n  - id: a\n    engine: {kind: demo}\n    speach: {}",
        "p.yaml:4:5: unknown key `speach` in `agents[0]`; did you mean `speech`?"),
      BadConfiguration(
        "agents:\n  - id: a\n    engine: {kind: demo, script: x}",
        "p.yaml:3:26: unknown key `script` in `agents[0].engine`"),
      BadConfiguration(agents + "admin: {token: abc}", "p.yaml:2:9: unknown key `token` in `admin`"),
      // Shapes.
      BadConfiguration(
        agents + "listen: 127.0.0.1:1", "p.yaml:2:9: `listen` has to be a group of keys, this is a single value"),
      BadConfiguration(
        "agents: demo", "p.yaml:1:9: `agents` has to be a list, this is a single value", "p.yaml:1:9: there is no agent"
      ),
      BadConfiguration(
        "agents: [demo]", "p.yaml:1:10: `agents[0]` has to be a group of keys",
        "p.yaml:1:10: `agents[0].id` is missing",
        "p.yaml:1:10: `agents[0].engine` is missing; write `engine: {kind: demo}`"),
      BadConfiguration(
        agents + "listen: {address: [a]}", "p.yaml:2:19: `listen.address` has to be a single value, this is a list"),
      BadConfiguration(agents + "logging: {level: }", "p.yaml:2:18: `logging.level` is empty; write one of: trace"),
      BadConfiguration(
        agents + "listen: {tls: true}",
        "p.yaml:2:15: `listen.tls` has to be a group of keys, this is a single value; write `tls: {certificate",
        "p.yaml:2:15: `listen.tls.certificate` is missing", "p.yaml:2:15: `listen.tls.key` is missing"),
      // Values.
      BadConfiguration(
        agents + "listen: {address: 50051}",
        "p.yaml:2:19: `listen.address` cannot be `50051`; write an IP address and a port"),
      BadConfiguration(agents + "listen: {address: \"127.0.0.1:65536\"}", "p.yaml:2:19: `listen.address` cannot be"),
      BadConfiguration(agents + "listen: {address: \"example.com:1\"}", "p.yaml:2:19: `listen.address` cannot be"),
      BadConfiguration(agents + "listen: {address: \"::1:50051\"}", "p.yaml:2:19: `listen.address` cannot be"),
      BadConfiguration(
        agents + "listen: {queues: 0}", "p.yaml:2:18: `listen.queues` cannot be `0`; write a whole number from 1 to 64"),
      BadConfiguration(agents + "listen: {queues: 1.5}", "p.yaml:2:18: `listen.queues` cannot be"),
      BadConfiguration(agents + "listen: {queues: \"2\"}", "p.yaml:2:18: `listen.queues` cannot be"),
      BadConfiguration(
        agents + "listen: {plaintext: yes}", "p.yaml:2:21: `listen.plaintext` has to be true or false, not `yes`"),
      BadConfiguration(
        agents + "logging: {level: inof}",
        "p.yaml:2:18: `logging.level` cannot be `inof`; did you mean info? write one of: trace, debug, info"),
      BadConfiguration(
        agents + "logging: {format: xml}", "p.yaml:2:19: `logging.format` cannot be `xml`; write one of: json, text"),
      BadConfiguration(
        agents + "shutdown: {drain: 120}",
        "p.yaml:2:19: `shutdown.drain` cannot be `120`; write a number with its unit (ms, s, m, h, d) from 0s to 1h, as in 2m"
      ),
      BadConfiguration(agents + "shutdown: {drain: 2h}", "p.yaml:2:19: `shutdown.drain` cannot be `2h`"),
      BadConfiguration(agents + "shutdown: {drain: -1s}", "p.yaml:2:19: `shutdown.drain` cannot be"),
      BadConfiguration(
        agents + "limits: {status_hold: 6s}",
        "p.yaml:2:23: `limits.status_hold` cannot be `6s`; write a number with its unit (ms, s, m, h, d) from 0s to 5s"),
      BadConfiguration(
        agents + "limits: {memory: 512}",
        "p.yaml:2:18: `limits.memory` cannot be `512`; write a number with its unit (KiB, MiB, GiB) from 16MiB to 16384GiB, as in 512MiB"
      ),
      BadConfiguration(agents + "limits: {memory: 1MiB}", "p.yaml:2:18: `limits.memory` cannot be `1MiB`"),
      BadConfiguration(agents + "limits: {memory: 99999999999GiB}", "p.yaml:2:18: `limits.memory` cannot be"),
      BadConfiguration(agents + "limits: {lag: 5ms}", "p.yaml:2:15: `limits.lag` cannot be `5ms`"),
      BadConfiguration(agents + "limits: {idle: 99999999999999d}", "p.yaml:2:16: `limits.idle` cannot be"),
      BadConfiguration(
        agents + "limits: {conversations: 99999999999999999999}", "p.yaml:2:25: `limits.conversations` cannot be"),
      BadConfiguration(
        agents + "identity: {clock_skew: 61s}",
        "p.yaml:2:24: `identity.clock_skew` cannot be `61s`; write a number with its unit (ms, s, m, h, d) from 0s to 1m"
      ),
      // Rules.
      BadConfiguration(
        agents + "listen: {address: \"0.0.0.0:1\"}",
        "p.yaml:2:19: without TLS, tokens and calls would cross the network in plaintext on 0.0.0.0:1; write `tls:"),
      BadConfiguration(agents + "listen: {plaintext: false}", "p.yaml:2:21: without plaintext there has to be TLS"),
      BadConfiguration(
        agents + "admin: {address: \"[::]:8080\"}",
        "p.yaml:2:18: metrics and dashboard would be open to the network on [::]:8080; write `token_file"),
      BadConfiguration(
        agents + "admin: {token_file: none.token}",
        "p.yaml:2:21: `admin.token_file`: none.token cannot be read (No such file or directory)"),
      BadConfiguration(
        agents + "listen: {tls: {certificate: a.pem, key: b.pem}}",
        "p.yaml:2:29: `listen.tls.certificate`: a.pem cannot be read",
        "p.yaml:2:41: `listen.tls.key`: b.pem cannot be read"),
      BadConfiguration(
        agents + "listen:\n  tls: {certificate: /, key: /dev/null, client_names: [\"*.com\"]}",
        "p.yaml:3:22: `listen.tls.certificate`: / cannot be read (Is a directory)",
        "p.yaml:3:55: `listen.tls.client_names` has no effect", "p.yaml:3:56: `*.com` is not a host name"),
      BadConfiguration(
        agents + "recording: {enabled: true}",
        "p.yaml:2:12: calls are to be recorded, and `recording.directory` does not say where; write"),
      BadConfiguration(
        agents + "recording: {enabled: false, directory: /nowhere, keep: 5, format: mp3, sample_rate: 44100}",
        "p.yaml:2:40: `recording.directory`: there is no folder /nowhere",
        "p.yaml:2:56: `recording.keep` cannot be `5`", "p.yaml:2:67: `recording.format` cannot be `mp3`",
        "p.yaml:2:85: `recording.sample_rate` cannot be `44100`"),
      BadConfiguration(
        "agents: [{id: a, engine: {kind: demo}, recorded: true}]",
        "p.yaml:1:1: calls are to be recorded, and `recording.directory` does not say where"),
      // Identity.
      BadConfiguration(agents + "identity: {issuers: []}", "p.yaml:2:21: without an issuer no token could be accepted"),
      BadConfiguration(
        agents + "identity: {issuers: [{issuer: http://idbroker.example.com}]}",
        "p.yaml:2:31: keys have to come from an https URL"),
      BadConfiguration(
        agents + "identity: {issuers: [{issuer: x, keys_url: \"http://10.0.0.1/k\"}]}",
        "p.yaml:2:44: keys have to come from an https URL, or an http URL on loopback, not from http://10.0.0.1/k"),
      BadConfiguration(
        agents + "identity: {issuers: [{issuer: x, keys_url: \"https://a@b/k\"}]}", "p.yaml:2:44: keys have to come"),
      BadConfiguration(
        agents + "identity: {issuers: [{issuer: x, keys_url: \"https://a^b.example.com/k\"}]}",
        "p.yaml:2:44: keys have to come from an https URL"),
      BadConfiguration(
        agents + "identity: {issuers: [{issuer: https://a}, {issuer: https://a}]}",
        "p.yaml:2:52: the issuer https://a is listed twice"),
      BadConfiguration(
        agents + "identity: {tenants: [{org: acme, url: https://a}]}",
        "p.yaml:2:28: `identity.tenants[0].org` has to be a UUID, not `acme`; write it as in ce861fba"),
      BadConfiguration(
        agents + "identity: {tenants: [{url: https://a}]}", "p.yaml:2:22: `identity.tenants[0].org` is missing"),
      BadConfiguration(
        agents + "identity: {tenants: [{org: ce861fba-6e2f-49f9-9a84-b354008fac9e}]}",
        "p.yaml:2:22: `identity.tenants[0].url` is missing"),
      BadConfiguration(
        agents + "identity: {tenants: [{org: ce861fba-6e2f-49f9-9a84-b354008fac9e, url: voice}]}",
        "p.yaml:2:71: `identity.tenants[0].url` is not a URL: `voice`"),
      BadConfiguration(
        agents
          + "identity:\n  tenants:\n    - {org: ce861fba-6e2f-49f9-9a84-b354008fac9e, url: https://a}\n    - {org: CE861FBA-6E2F-49F9-9A84-B354008FAC9E, url: https://a}",
        "p.yaml:5:13: the organization ce861fba-6e2f-49f9-9a84-b354008fac9e is listed already, with this URL, at p.yaml:4:13"
      ),
      BadConfiguration(
        agents
          + "identity:\n  tenants:\n    - {org: ce861fba-6e2f-49f9-9a84-b354008fac9e, url: https://a, limits: {conversations: 1}}\n    - {org: ce861fba-6e2f-49f9-9a84-b354008fac9e, url: https://b, limits: {conversations: 2}}",
        "p.yaml:5:75: the organization's limits are written already at p.yaml:4:75; write them in one of its entries"),
      BadConfiguration(
        agents
          + "identity: {tenants: [{org: ce861fba-6e2f-49f9-9a84-b354008fac9e, url: https://a, limits: {conversations: 0}}]}",
        "p.yaml:2:106: `identity.tenants[0].limits.conversations` cannot be `0`; write a whole number from 1 to 1000000"
      ),
      BadConfiguration(
        agents
          + "identity: {tenants: [{org: ce861fba-6e2f-49f9-9a84-b354008fac9e, url: https://a, limits: {calls: 1}}]}",
        "p.yaml:2:91: unknown key `calls` in `identity.tenants[0].limits`; write one of: conversations"),
      BadConfiguration(
        agents + "identity: {revoked: [{org: acme, nonce: x}]}",
        "p.yaml:2:28: `identity.revoked[0].org` has to be a UUID"),
      BadConfiguration(
        agents + "identity: {revoked: [{org: ce861fba-6e2f-49f9-9a84-b354008fac9e}]}",
        "p.yaml:2:22: `identity.revoked[0].nonce` is missing"),
      BadConfiguration(
        agents + "identity: {revocations_file: /no/such/file}",
        "p.yaml:2:30: `identity.revocations_file`: /no/such/file cannot be read (No such file or directory)"),
      // Agents.
      BadConfiguration("agents: []", "p.yaml:1:9: there is no agent to answer calls"),
      BadConfiguration("agents: [{engine: {kind: demo}}]", "p.yaml:1:10: `agents[0].id` is missing"),
      BadConfiguration("agents: [{id: a b, engine: {kind: demo}}]", "p.yaml:1:15: `a b` cannot be an agent's id"),
      BadConfiguration(
        "agents: [{id: 2, engine: {kind: demo}}]",
        "p.yaml:1:15: the id `2` would be taken for the agent's place in the list"),
      BadConfiguration(
        "agents: [{id: true, engine: {kind: demo}}]",
        "p.yaml:1:15: `agents[0].id` has to be text, and YAML reads true as something else; put it in quotes"),
      BadConfiguration(
        "agents:\n  - {id: a, engine: {kind: demo}}\n  - {id: a, engine: {kind: demo}}",
        "p.yaml:3:10: the agent `a` is listed already at p.yaml:2:10"),
      BadConfiguration(
        "agents:\n  - {id: a, default: true, engine: {kind: demo}}\n  - {id: b, default: true, engine: {kind: demo}}",
        "p.yaml:3:22: a default agent is named already at p.yaml:2:22"),
      BadConfiguration(
        "agents: [{id: a, engine: {kind: dmeo}}]",
        "p.yaml:1:33: there is no engine `dmeo`; did you mean demo? write one of: demo, scripted"),
      BadConfiguration(
        "agents: [{id: a, engine: {kind: gpt}}]", "p.yaml:1:33: there is no engine `gpt`; write one of: demo, scripted"),
      BadConfiguration(
        "agents: [{id: a, engine: {kind: scripted}}]",
        "p.yaml:1:26: `agents[0].engine.script` is missing; write `script: dialogue.yaml`"),
      BadConfiguration(
        "agents: [{id: a, engine: {kind: scripted, script: no.yaml}}]",
        "p.yaml:1:51: `agents[0].engine.script`: no.yaml cannot be read"),
      BadConfiguration(
        "agents: [{id: a, engine: {script: no.yaml}}]", "p.yaml:1:26: `agents[0].engine.kind` is missing"),
      BadConfiguration(
        "agents: [{id: a, responses: mp3, engine: {kind: demo}}]",
        "p.yaml:1:29: `agents[0].responses` cannot be `mp3`; write one of: wav, chunk"),
      BadConfiguration(
        "agents: [{id: a, filler: {sound: /dev/null}, engine: {kind: demo}}]",
        "p.yaml:1:26: with `responses: wav` an answer is one response: no filler can go before it; write"),
      BadConfiguration(
        "agents: [{id: a, responses: chunk, filler: {after: 1s}, engine: {kind: demo}}]",
        "p.yaml:1:44: `agents[0].filler.sound` is missing; write `sound: one-moment.wav`"),
      BadConfiguration(
        "agents: [{id: a, tenants: [Acme], engine: {kind: demo}}]",
        "p.yaml:1:28: `Acme` is none of the tenants in `identity.tenants`"),
      BadConfiguration(
        "agents: [{id: a, audio: {default_rate: 11025}, engine: {kind: demo}}]",
        "p.yaml:1:40: `agents[0].audio.default_rate` cannot be `11025`; write one of: 8000"),
      BadConfiguration(
        "agents: [{id: a, audio: {default_rate: \"8000\"}, engine: {kind: demo}}]",
        "p.yaml:1:40: `agents[0].audio.default_rate` cannot be `8000`; write one of: 8000"),
      BadConfiguration(
        agents + "recording: {sample_rate: \"8000\"}", "p.yaml:2:26: `recording.sample_rate` cannot be `8000`"),
      BadConfiguration(
        "agents: [{id: a, speech: {preroll: 3s}, engine: {kind: demo}}]",
        "p.yaml:1:36: `agents[0].speech.preroll` cannot be `3s`"),
      BadConfiguration(
        "agents: [{id: a, speech: {adaptive: {minimum: 2s, maximum: 1s}}, engine: {kind: demo}}]",
        "p.yaml:1:37: `minimum` is longer than `maximum`; write `adaptive: {minimum: 250ms, maximum: 1500ms}`"),
      BadConfiguration(
        "agents: [{id: a, speech: {end_silence: 2s, adaptive: {}}, engine: {kind: demo}}]",
        "p.yaml:1:54: `end_silence` is not between `minimum` and `maximum`; write bounds around it"),
      BadConfiguration(
        "agents: [{id: a, speech: {adaptive: {minimum: 10ms}}, engine: {kind: demo}}]",
        "p.yaml:1:47: `agents[0].speech.adaptive.minimum` cannot be `10ms`"),
      BadConfiguration(
        "agents: [{id: a, name: \"a\\nb\", engine: {kind: demo}}]",
        "p.yaml:1:24: `agents[0].name` has a line break or another control character"),
    ])
  func mistakes(_ bad: BadConfiguration) {
    let found = problems(of: bad.text)
    #expect(found.count == bad.problems.count, "\(found)")
    for (found, expected) in zip(found, bad.problems) {
      #expect(found.hasPrefix(expected), "\(found)")
    }
  }

  @Test("all mistakes are reported together, from top to bottom")
  func together() {
    let found = problems(
      of: """
        listen: {address: nowhere, queues: 100}
        lgging: {}
        agents:
          - {id: a, engine: {kind: x}}
          - {id: a, engine: {kind: demo}}
        """)
    #expect(
      found.map { String($0.prefix(while: { $0 != " " })) } == [
        "p.yaml:1:19:", "p.yaml:1:36:", "p.yaml:2:1:", "p.yaml:4:28:", "p.yaml:5:10:",
      ])
  }

  @Test("text that is not UTF-8 is refused with its line")
  func encoding() {
    #expect {
      _ = try Configuration.parse(Array("a: b\nc: ".utf8) + [0xFF], file: "p.yaml", environment: [:])
    } throws: { error in "\(error)" == "p.yaml:2:1: this is not UTF-8; save the file as UTF-8" }
  }

  @Test("control characters of the file do not reach a message")
  func controlCharacters() {
    let found = problems(of: agents + "\"a\\e[31m\\nb\": 1")
    #expect(found.count == 1)
    #expect(found.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
  }
}
