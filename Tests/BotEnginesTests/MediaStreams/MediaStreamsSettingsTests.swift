import BotEngine
import Testing

@testable import BotEngines

@Suite("MediaStreamsSettings say what a bot is told of its call")
struct MediaStreamsSettingsTests {
  private func told(_ info: CallInfo, _ own: [(String, String)] = []) -> [String] {
    var settings = MediaStreamsSettings(endpoint: BotEndpoint())
    for (name, value) in own {
      var parameter = MediaStreamsSettings.Parameter()
      (parameter.name, parameter.value) = (name, value)
      settings.parameters.append(parameter)
    }
    return settings.parameters(of: info).map { "\($0.name)=\($0.value)" }
  }

  @Test("the defaults are an account of Twilio's form, no token and a turn that ends after 700 ms")
  func defaults() {
    let settings = MediaStreamsSettings(endpoint: BotEndpoint())
    #expect(settings.account.utf8.count == 34 && settings.account.hasPrefix("AC") && settings.token == nil)
    #expect(settings.turnSilence == .milliseconds(700) && settings.parameters.isEmpty)
  }

  @Test("whose call it is, always; what is empty is left out")
  func identity() {
    #expect(
      told(CallInfo(organization: "o", conversation: "c", agent: "a"))
        == ["conversation=c", "organization=o", "agent=a"])
  }

  @Test("all that the flow hands over, in the order of the names; what is no text as JSON")
  func flow() {
    let info = CallInfo(
      organization: "o", conversation: "c", agent: "a", trackingID: "t", vendorConfiguration: "{}",
      additionalInfo: ["z": "1", "b": "2"], startName: "vip",
      startParameters: ["visits": .number(3), "name": .string("Ada"), "tags": .list([.string("x"), .null])],
      leftOut: ["parameters.history", "z2"])
    #expect(
      told(info) == [
        "conversation=c", "organization=o", "agent=a", "trackingId=t", "vendorConfiguration={}", "startName=vip",
        "leftOut=parameters.history, z2", "b=2", "z=1", "name=Ada", #"tags=["x",null]"#, "visits=3",
      ])
  }

  @Test("the name of a start that brings nothing is the platform's own, and is not told")
  func startName() {
    let info = CallInfo(organization: "o", conversation: "c", agent: "a", startName: "vip")
    #expect(!told(info).contains("startName=vip"))
  }

  @Test("what the configuration says goes before; a name that is there already is told with where it comes from")
  func names() {
    let info = CallInfo(
      organization: "o", conversation: "c", agent: "a", additionalInfo: ["agent": "1", "line": "2", "x": "3"],
      startParameters: ["line": .string("4"), "x": .string("5"), "y": .string("6")])
    #expect(
      told(info, [("line", "sales"), ("agent", "mine")]) == [
        "line=sales", "agent=mine", "conversation=c", "organization=o", "additionalInfo.agent=1",
        "additionalInfo.line=2", "x=3", "start.line=4", "start.x=5", "y=6",
      ])
  }
}
