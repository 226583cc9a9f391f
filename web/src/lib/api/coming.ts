import type { components } from './schema';

// What the API's document does not say yet. It goes with the next `npm run api`.

type Schemas = components['schemas'];

export interface QuietHours {
  from: string;
  to: string;
  time_zone: string;
}

export type NotificationSettings = Schemas['NotificationSettings'] & { quiet_hours?: QuietHours | null };

export type NotificationSettingsRequest = Schemas['NotificationSettingsRequest'] & { quiet_hours?: QuietHours | null };
