import type { DriftlineContract } from '../../shared/ipc/contract.ts';
import type { Client, InputOf, OutputOf, PayloadOf, UpdateOf } from '../../shared/ipc/define.ts';

/** `lost`: trying again by itself. `refused`: the service does not accept this page (no or old token). */
export type Connection = 'connecting' | 'open' | 'lost' | 'refused';

/** The only door to the API; everything else in the renderer sees this interface. */
export interface Backend extends Client<DriftlineContract> {
  /** Calls the listener at once with the present state and then at each change. */
  onConnection(listener: (state: Connection) => void): () => void;
  /** Where a dropped file lies, or null where the shell cannot tell (a browser never says). */
  pathForFile: ((file: File) => string) | null;
}

export type Input<K extends keyof DriftlineContract> = InputOf<DriftlineContract, K>;
export type Output<K extends keyof DriftlineContract> = OutputOf<DriftlineContract, K>;
export type Update<K extends keyof DriftlineContract> = UpdateOf<DriftlineContract, K>;
export type Payload<K extends keyof DriftlineContract> = PayloadOf<DriftlineContract, K>;
