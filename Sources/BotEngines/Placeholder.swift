enum BotEnginesPlaceholder {}
