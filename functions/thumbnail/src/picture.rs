//! Profile pictures.
//!
//! All uploads of a user have the same renditions, so they are made one after another: whoever stores some
//! takes the user's turn. The upload that was begun last counts. Of another one nothing is stored, in whatever
//! order they are processed, because within the turn the user's item says which one it is. The turn is the note
//! of the attempt as well.

use bytes::Bytes;
use domain::photo::{Failure, State};
use domain::profile_picture::{MAX_PICTURE_BYTES, PictureUpload, ProfilePicture};
use media::{Limits, Refusal, Target};
use runtime::metrics;
use table::profile_picture::{self, Taking, Turn};

use crate::store::Fetched;
use crate::{Error, ThumbnailHandler};

/// Bytes of memory that a decode may take less than that of a photo's medium: as much as a picture has more
/// pixels that is cut, and must not be made as small while it is decoded.
const CUT_MEMORY: u64 = 160_000_000;

fn limits() -> Limits {
    let limits = Limits::default();
    Limits { memory: limits.memory.saturating_sub(CUT_MEMORY), ..limits }
}

impl ThumbnailHandler {
    /// Brings one upload of a profile picture to its end, and deletes it.
    pub(crate) async fn process_picture(&self, upload: PictureUpload) -> Result<(), Error> {
        if self.awaited_picture(upload).await?.is_some() {
            // Only one decode at a time, and no turn while it waits.
            let _rendering = self.rendering.lock().await;
            match profile_picture::take_turn(&self.table, upload, self.clock.as_ref()).await? {
                Taking::Taken(turn) => self.in_turn(upload, turn).await?,
                Taking::Hopeless => self.refuse_picture(upload, &Refusal::TooHard).await?,
            }
        }
        Ok(self.store.discard_picture_upload(upload).await?)
    }

    /// Returns the user's picture if it is this upload and waits to be processed.
    async fn awaited_picture(&self, upload: PictureUpload) -> Result<Option<ProfilePicture>, Error> {
        let picture = profile_picture::get_latest(&self.table, upload.user).await?;
        Ok(picture.filter(|picture| picture.upload == upload.id && picture.state == State::Processing))
    }

    async fn in_turn(&self, upload: PictureUpload, turn: Turn) -> Result<(), Error> {
        let settled = self.settle_picture(upload).await;
        match &settled {
            // Dead decoders count as dead processes: the turn stays.
            Err(Error::Decoder(_)) => {}
            Ok(()) => profile_picture::end_turn(&self.table, turn).await?,
            Err(_) => {
                if let Err(error) = profile_picture::end_turn(&self.table, turn).await {
                    tracing::warn!(user = %upload.user, ?error, "an attempt that failed may count as a death");
                }
            }
        }
        settled
    }

    /// Renders the upload if it is still waited for, stores the renditions and records them. An upload that is
    /// gone was processed by another delivery.
    ///
    /// If it is replaced meanwhile, the next upload's renditions will be stored over its own. If it is removed
    /// meanwhile, its removal is waiting for this turn to end, and then deletes them.
    async fn settle_picture(&self, upload: PictureUpload) -> Result<(), Error> {
        let Some(picture) = self.awaited_picture(upload).await? else { return Ok(()) };
        let most = picture.size.min(MAX_PICTURE_BYTES);
        let file = match self.store.fetch_picture(upload, most).await? {
            Fetched::Gone => return Ok(()),
            Fetched::TooLarge => {
                let reason = format!("it has more than the {most} bytes that were declared");
                return self.refuse_picture(upload, &Refusal::TooLarge(reason)).await;
            }
            Fetched::Whole(file) => file,
        };
        match self.render_picture(file.bytes).await? {
            Ok(made) => {
                self.store.keep_picture(upload.user, made.files).await?;
                if profile_picture::finish(&self.table, upload, self.clock.now()).await? {
                    metrics::count("pictures_ready", 1);
                }
                Ok(())
            }
            Err(refusal) => self.refuse_picture(upload, &refusal).await,
        }
    }

    /// Makes the renditions, away from the thread that waits for the network.
    async fn render_picture(&self, bytes: Bytes) -> Result<Result<media::Renditions, Refusal>, Error> {
        let work = move || media::render(&bytes, &limits(), Target::PROFILE_PICTURE);
        tokio::task::spawn_blocking(work).await.map_err(Error::Decoder)
    }

    async fn refuse_picture(&self, upload: PictureUpload, refusal: &Refusal) -> Result<(), Error> {
        tracing::warn!(user = %upload.user, upload = %upload.id, code = refusal.code(), ?refusal, "refused a profile picture");
        let failure = Failure { code: refusal.code().to_owned(), detail: refusal.detail() };
        if profile_picture::fail(&self.table, upload, &failure, self.clock.now()).await? {
            metrics::count("pictures_failed", 1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_process_works_longer_than_its_turn() {
        assert_eq!(profile_picture::LONGEST_TURN, crate::LONGEST);
    }
}
