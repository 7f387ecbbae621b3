#include "CDashboard.h"

// #embed is C23's; the compiler has it in every mode, and tells make what the files are.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define MARKDOWN "text/markdown; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"

static const unsigned char page[] = {
#embed "Page/index.html"
};
static const unsigned char style[] = {
#embed "Page/style.css"
};
static const unsigned char mainScript[] = {
#embed "Page/main.js"
};
static const unsigned char words[] = {
#embed "Page/words.js"
};
static const unsigned char server[] = {
#embed "Page/server.js"
};
static const unsigned char verdict[] = {
#embed "Page/verdict.js"
};
static const unsigned char calls[] = {
#embed "Page/calls.js"
};
static const unsigned char timeline[] = {
#embed "Page/timeline.js"
};
static const unsigned char listen[] = {
#embed "Page/listen.js"
};
static const unsigned char runbookPage[] = {
#embed "Page/runbook.html"
};
static const unsigned char runbookScript[] = {
#embed "Page/runbook.js"
};
// One text for the documentation and for the page.
static const unsigned char runbook[] = {
#embed "../../Docs/runbook.md"
};
static const unsigned char charts[] = {
#embed "Page/charts.js"
};
static const unsigned char lists[] = {
#embed "Page/lists.js"
};
static const unsigned char actions[] = {
#embed "Page/actions.js"
};
static const unsigned char dygraphs[] = {
#embed "Dygraphs/dygraph.min.js"
};

static const unsigned char phonePage[] = {
#embed "Phone/phone.html"
};
static const unsigned char phoneStyle[] = {
#embed "Phone/phone.css"
};
static const unsigned char phone[] = {
#embed "Phone/phone.js"
};
static const unsigned char phoneSound[] = {
#embed "Phone/phone-sound.js"
};
static const unsigned char phoneMicrophone[] = {
#embed "Phone/phone-microphone.js"
};
static const unsigned char phoneWorklet[] = {
#embed "Phone/phone-worklet.js"
};
static const unsigned char phoneTape[] = {
#embed "Phone/phone-tape.js"
};

#define FILE_OF(name, type, bytes) {name, type, bytes, sizeof bytes}

static const CDashboardFile files[] = {
    FILE_OF("index.html", HTML, page),
    FILE_OF("style.css", CSS, style),
    FILE_OF("main.js", SCRIPT, mainScript),
    FILE_OF("words.js", SCRIPT, words),
    FILE_OF("server.js", SCRIPT, server),
    FILE_OF("verdict.js", SCRIPT, verdict),
    FILE_OF("calls.js", SCRIPT, calls),
    FILE_OF("timeline.js", SCRIPT, timeline),
    FILE_OF("listen.js", SCRIPT, listen),
    FILE_OF("charts.js", SCRIPT, charts),
    FILE_OF("lists.js", SCRIPT, lists),
    FILE_OF("actions.js", SCRIPT, actions),
    FILE_OF("runbook.html", HTML, runbookPage),
    FILE_OF("runbook.js", SCRIPT, runbookScript),
    FILE_OF("runbook.md", MARKDOWN, runbook),
    FILE_OF("phone.html", HTML, phonePage),
    FILE_OF("phone.css", CSS, phoneStyle),
    FILE_OF("phone.js", SCRIPT, phone),
    FILE_OF("phone-sound.js", SCRIPT, phoneSound),
    FILE_OF("phone-microphone.js", SCRIPT, phoneMicrophone),
    FILE_OF("phone-worklet.js", SCRIPT, phoneWorklet),
    FILE_OF("phone-tape.js", SCRIPT, phoneTape),
    FILE_OF("dygraph.min.js", SCRIPT, dygraphs),
};

const CDashboardFile *CDashboardFileAt(size_t index) {
  return index < sizeof files / sizeof files[0] ? &files[index] : NULL;
}
