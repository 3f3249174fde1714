export { type DosePlace, type DoseResponse, type DoseResponseInput, doseResponse } from './dose-response';
