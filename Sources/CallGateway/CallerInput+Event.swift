import WebexProtocol
import Wire

extension CallerInput {
  /// What an event of the wire means; kinds this version does not know are tolerated.
  init(_ event: VoiceRequestView.EventInput, leftOut: LeftOutValues) {
    switch event.kind {
    case .sessionStart: self = .sessionStart
    case .sessionEnd: self = .sessionEnd
    case .noInput: self = .noInput
    case .startOfDTMF: self = .startOfDTMF
    case .custom:
      var parameters = event.parameters
      leftOut.note(in: &parameters)
      self = .custom(name: event.name.string, parameters: parameters)
    case .unspecified, .unknown: self = .unknown
    }
  }
}
