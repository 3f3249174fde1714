export { type DosePlace, type DoseResponse, type DoseResponseInput, doseFrame, doseResponse } from './dose-response';
