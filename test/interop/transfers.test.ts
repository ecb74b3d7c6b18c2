import { compareScenarios } from './compare.ts';
import { SCENARIOS } from './scenarios.ts';

compareScenarios(SCENARIOS);
