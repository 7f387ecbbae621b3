import Testing
import YAMLReading

@testable import ReplayKit

@Suite("Profiles of load")
struct LoadProfileTests {
  private static func problems(_ text: String) -> [String] {
    do {
      _ = try LoadProfile(text: Array(text.utf8), file: "load.yaml")
      return []
    } catch { return error.problems.map(\.description) }
  }

  @Test("Stages have a level, how it is reached and how long it is held")
  func stages() throws {
    let text = """
      stages:
        - rate: 0.5
          duration: 90s
        - {rate: 20, ramp: 4m, steps: 4, duration: 5m}
      """
    let profile = try LoadProfile(text: Array(text.utf8), file: "load.yaml")
    #expect(profile.isRate)
    #expect(
      profile.stages == [
        LoadStage(level: 0.5, duration: .seconds(90)),
        LoadStage(level: 20, ramp: .seconds(240), steps: 4, duration: .seconds(300)),
      ])
    let calls = try LoadProfile(text: Array("stages: [{calls: 50, ramp: 10s}]".utf8), file: "load.yaml")
    #expect(!calls.isRate && calls.stages == [LoadStage(level: 50, ramp: .seconds(10))])
  }

  @Test(
    "What is wrong is told with its line and what to write",
    arguments: [
      ("", "load.yaml:1:1: the profile is empty"), ("stages: []", "load.yaml:1:1: `stages` has to be a list"),
      ("a: 1", "unknown key `a` in the profile"), ("- 1", "the profile has to be a group of keys"),
      ("stages:\n- {rate: 5, calls: 5, duration: 1s}", "load.yaml:2:3: stage 1 has both"),
      ("stages:\n- {duration: 1s}", "has neither `rate` nor `calls`"),
      ("stages:\n- {rate: 5, duration: 1s}\n- {calls: 5, duration: 1s}", "load.yaml:3:3: stage 2 has `calls`"),
      ("stages:\n- {rate: 1e9, duration: 1s}", "`rate` of stage 1 cannot be `1e9`"),
      ("stages:\n- {rate: nan, duration: 1s}", "`rate` of stage 1 cannot be `nan`"),
      ("stages:\n- {rate: -1, duration: 1s}", "`rate` of stage 1 cannot be `-1`"),
      ("stages:\n- {rate: 5, duration: 60}", "load.yaml:2:23: `duration` of stage 1 cannot be `60`"),
      ("stages:\n- {rate: 5, steps: 3, duration: 1s}", "`steps` without a `ramp`"),
      ("stages:\n- {rate: 0, duration: 1s}", "the stages make no call"),
      ("stages:\n- {rate: 5, duration: 7d}\n- {rate: 5, duration: 1s}", "over seven days"),
      ("stages:\n- {rate: 5, duratoin: 1s}", "write duration, or remove it"),
      ("stages: [{rate: 1, duration: 1s}", "this is not YAML"),
    ])
  func problems(text: String, problem: String) {
    let found = Self.problems(text)
    #expect(found.contains { $0.contains(problem) }, "\(found)")
  }

  @Test("More stages than may be are not read")
  func bounds() {
    let many = "stages:\n" + String(repeating: "- {rate: 1, duration: 1s}\n", count: 101)
    #expect(Self.problems(many).first?.contains("101 entries; keep at most 100") == true)
  }
}
