enum SpeechDetectionPlaceholder {}
