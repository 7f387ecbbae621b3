extension StatusSnapshot {
  /// Calls and what came of them.
  public struct Totals: Sendable, Codable {
    /// Calls that started.
    public var started: Int = 0
    /// Calls that ended; only lately.
    public var ended: Int = 0
    /// Answers of bots; only since the start.
    public var answers: Int = 0
    /// Calls that ended because a bot failed.
    public var failed: Int = 0
    /// RPCs that were refused.
    public var refused: Int = 0

    /// With nothing in it.
    public init() {}
  }

  /// Something that happened.
  public struct Past: Sendable, Codable {
    /// What it was.
    public var text: String
    /// How long ago.
    public var secondsAgo: Double

    /// Something that happened.
    public init(text: String, secondsAgo: Double) {
      self.text = text
      self.secondsAgo = secondsAgo
    }
  }

  /// A call, live or over.
  public struct Call: Sendable, Codable {
    /// Its number; `/status/calls/<id>` has its timeline.
    public var id: Int
    /// `call`, or `fork` or `meeting`, which have neither turns nor an agent.
    public var kind = "call"
    /// Whether it is recorded; `/recordings/<id>` says whether it can be heard.
    public var isRecorded = false
    /// The platform's id of the conversation.
    public var conversation: String
    /// The tracking ids of its RPCs, as far as they are kept.
    public var trackingIDs: [String] = []
    /// The tenant's name.
    public var tenant: String
    /// The tenant's organization.
    public var organization: String
    /// The agent's id.
    public var agent: String
    /// The agent's name.
    public var agentName: String
    /// What it is doing: `waiting`, `speaking`, `answering`; or why it ended.
    public var state: String
    /// How the bot failed, where that ended it.
    public var failure: String?
    /// How long it has lasted.
    public var seconds: Double
    /// How long ago it ended.
    public var secondsAgo: Double?
    /// Turns of the caller so far.
    public var turns: Int
    /// Milliseconds from the caller's last sound to the latest answer, where speech was heard to end.
    public var lastWait: Double?
    /// The server that has it, where it is another one.
    public var server: String?

    /// A call, live or over.
    public init(
      id: Int, conversation: String, tenant: String, organization: String, agent: String, agentName: String,
      state: String, seconds: Double, turns: Int
    ) {
      self.id = id
      self.conversation = conversation
      self.tenant = tenant
      self.organization = organization
      self.agent = agent
      self.agentName = agentName
      self.state = state
      self.seconds = seconds
      self.turns = turns
    }
  }

  /// An agent and its bot.
  public struct Agent: Sendable, Codable {
    /// Its id.
    public var id: String
    /// Its name.
    public var name: String
    /// Its live calls.
    public var live: Int = 0
    /// Its calls lately.
    public var recent: Totals = Totals()
    /// Calls are kept away from its bot.
    public var isLeftAlone: Bool = false
    /// Calls that the bot failed since it answered one.
    public var failuresInRow: Int = 0
    /// Calls that the bot failed since the agent was configured.
    public var failures: Int = 0
    /// How it failed last.
    public var lastFailure: Past?
    /// How long ago a call got its first answer.
    public var lastAnswerSecondsAgo: Double?

    /// An agent and its bot.
    public init(id: String, name: String) {
      self.id = id
      self.name = name
    }
  }

  /// A tenant's calls against its limit.
  public struct Tenant: Sendable, Codable {
    /// Its name.
    public var name: String
    /// Its organization.
    public var organization: String
    /// Its live calls.
    public var live: Int
    /// Calls that it may have at once.
    public var limit: Int

    /// A tenant's calls against its limit.
    public init(name: String, organization: String, live: Int, limit: Int) {
      self.name = name
      self.organization = organization
      self.live = live
      self.limit = limit
    }
  }

  /// A registration with Webex.
  public struct Registration: Sendable, Codable {
    /// The tenant's name.
    public var name: String
    /// `seeking`, `active`, `disabled`, `lapsed` or `elsewhere`.
    public var state: String
    /// Until its token ends.
    public var secondsLeft: Int64?
    /// Whether it is so near to its end that it should have been renewed long ago.
    public var isEnding = false
    /// Until it is renewed; nil where another server does it.
    public var renewsIn: Int64?
    /// Attempts that failed since one that did not.
    public var failures: Int = 0
    /// Why the last one failed, until one succeeds.
    public var lastFailure: String?

    /// A registration with Webex.
    public init(name: String, state: String) {
      self.name = name
      self.state = state
    }
  }

  /// A listener's certificate.
  public struct Certificate: Sendable, Codable {
    /// The listener's address.
    public var listener: String
    /// Until it ends; below 0 it has ended.
    public var secondsLeft: Int64
    /// Why its new files are not in use.
    public var refusal: String?

    /// A listener's certificate.
    public init(listener: String, secondsLeft: Int64) {
      self.listener = listener
      self.secondsLeft = secondsLeft
    }
  }

  /// An issuer's keys.
  public struct KeySet: Sendable, Codable {
    /// The issuer.
    public var issuer: String
    /// Keys in use.
    public var keys: Int
    /// Entries of its key set that cannot be used.
    public var dropped: Int = 0
    /// Seconds since they were fetched; nil while there are none.
    public var age: Double?
    /// Fetches that failed since one that did not.
    public var failures: Int = 0
    /// Why the last fetch failed, if it did.
    public var lastFailure: String?

    /// An issuer's keys.
    public init(issuer: String, keys: Int) {
      self.issuer = issuer
      self.keys = keys
    }
  }

  /// Warnings or errors of one kind.
  public struct Problem: Sendable, Codable {
    /// How severe: `warning`, `error`, `critical`.
    public var level: String
    /// What was logged.
    public var message: String
    /// The latest cause.
    public var cause: String?
    /// Of whose calls.
    public var agent: String?
    /// The latest call.
    public var conversation: String?
    /// How many.
    public var count: Int
    /// How long ago the first one came.
    public var firstSecondsAgo: Double
    /// How long ago the latest one came.
    public var secondsAgo: Double

    /// Warnings or errors of one kind.
    public init(level: String, message: String, count: Int, firstSecondsAgo: Double, secondsAgo: Double) {
      self.level = level
      self.message = message
      self.count = count
      self.firstSecondsAgo = firstSecondsAgo
      self.secondsAgo = secondsAgo
    }
  }

  /// The configuration's file.
  public struct ConfigurationFile: Sendable, Codable {
    /// Whether there is a file to read again.
    public var canReload: Bool = false
    /// How long ago what is in force was read.
    public var loadedSecondsAgo: Double = 0
    /// How long ago a newer version was refused; nil where the file is in force.
    public var refusedSecondsAgo: Double?
    /// What is wrong with that one.
    public var mistakes: [String] = []
    /// What is wrong with the file of revocations.
    public var revocationMistakes: [String] = []

    /// With nothing in it.
    public init() {}
  }
}
