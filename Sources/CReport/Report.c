#include "CReport.h"

// #embed is C23's; the compiler has it in every mode, and tells make what the files are.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char page[] = {
#embed "Page/report.html"
};
static const unsigned char style[] = {
#embed "Page/report.css"
};
static const unsigned char script[] = {
#embed "Page/report.js"
};

CReportFile CReportPage(void) { return (CReportFile){page, sizeof page}; }
CReportFile CReportStyle(void) { return (CReportFile){style, sizeof style}; }
CReportFile CReportScript(void) { return (CReportFile){script, sizeof script}; }
