#include "CWebexSchemas.h"
