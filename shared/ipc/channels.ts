/** Names of the one pair of Electron IPC channels; the messages are `ToService` and `FromService`. */
export const TO_SERVICE = 'driftline:to-service';
export const FROM_SERVICE = 'driftline:from-service';
