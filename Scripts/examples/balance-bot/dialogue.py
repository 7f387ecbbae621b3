"""The conversation: what the bot says to what it heard. Knows nothing of audio or of the network."""

import dataclasses

ACCOUNT_DIGITS = 5
MAXIMUM_FAILURES = 3

_DIGIT_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@dataclasses.dataclass
class Answer:
    """What the bot does in its turn."""

    words: str
    # What the caller's next words are compared with: menu, account, confirm or more.
    question: str | None = None
    # How many keys make an entry.
    keys: int = 1
    # What the caller says or keys next must not be recorded.
    sensitive: bool = False
    # For the human agent; ends the bot's part.
    transfer: str | None = None
    # Ends the call.
    end: bool = False


class Dialogue:
    """One caller's conversation about a balance."""

    def __init__(self, accounts):
        self._accounts = accounts
        self._account = None
        self._failures = 0
        self._balances = 0
        self.question = "menu"

    # What happens

    def started(self):
        return self._ask("menu", "Welcome to the Example Bank. Say balance, or say agent.")

    def heard(self, what):
        """`what` is a word of the recognizer, digits, or None for something else."""
        if what is None:
            return self._again()
        self._failures = 0
        if what == "agent":
            return self._hand_over("The caller asked for an agent.")
        if what == "bye":
            return Answer("Thank you for calling. Good bye.", end=True)
        if what.isdigit():
            return self._account_given(what)
        if what == "balance":
            return self._ask_account()
        if self.question == "confirm":
            return self._balance() if what == "yes" else self._ask_account("Sorry. ")
        if what == "no":
            return Answer("Thank you for calling. Good bye.", end=True)
        return self._ask("menu", "Say balance, or say agent.")

    def keyed(self, keys):
        if keys == "0":
            return self.heard("agent")
        if self.question == "account":
            return self.heard(keys) if len(keys) == ACCOUNT_DIGITS and keys.isdigit() else self._again()
        meanings = {"1": "yes" if self.question == "confirm" else "balance", "2": "no", "9": "bye"}
        return self.heard(meanings.get(keys))

    def silence(self):
        return self._again("I did not hear you. ")

    # What is said to it

    def _ask(self, question, words):
        self.question = question
        account = question == "account"
        return Answer(words, question=question, keys=ACCOUNT_DIGITS if account else 1, sensitive=account)

    def _ask_account(self, before=""):
        return self._ask("account", before + "Please say or key the five digits of your account.")

    def _account_given(self, digits):
        if digits not in self._accounts:
            self._failures += 1
            if self._failures >= MAXIMUM_FAILURES:
                return self._hand_over("The caller gave no account that there is.")
            return self._ask_account("There is no such account. ")
        self._account = digits
        spoken = " ".join(_DIGIT_WORDS[int(digit)] for digit in digits)
        return self._ask("confirm", f"I heard {spoken}. Is that right?")

    def _balance(self):
        balance = self._accounts[self._account]
        cents = f" and {balance['cents']} cents" if balance["cents"] else ""
        self._balances += 1
        return self._ask("more", f"Your balance is {balance['dollars']} dollars{cents}. Anything else?")

    def _again(self, before="Sorry, I did not get that. "):
        self._failures += 1
        if self._failures >= MAXIMUM_FAILURES:
            return self._hand_over("The bot did not understand the caller.")
        hints = {
            "menu": "Say balance or press 1. Say agent or press 0.",
            "account": "Please say or key the five digits of your account.",
            "confirm": "Say yes or press 1. Say no or press 2.",
            "more": "Say balance, agent, or no.",
        }
        return self._ask(self.question, before + hints[self.question])

    def _hand_over(self, why):
        told = f" The balance was told {self._balances} times." if self._balances else ""
        return Answer("One moment please. I am connecting you to an agent.", transfer=why + told)
