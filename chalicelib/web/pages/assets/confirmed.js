// The page with the link that is shown once.

import { offerCopying } from "./copying.js";

offerCopying();
