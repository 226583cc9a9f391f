//! Uploads of profile pictures.

use api::wire::{CreatePictureRequest, CreatedPicture};
use api::{Call, Caller, Problem, Reply};
use domain::photo::ContentType;
use domain::profile_picture::{MAX_PICTURE_BYTES, PictureUpload, ProfilePicture};
use domain::{Invalid, PictureId, quota};
use runtime::http::over_quota;
use table::profile_picture;

use crate::draft::content_type;
use crate::{Contended, TURNS, UploadPresignHandler};

impl UploadPresignHandler {
    /// Begins an upload of the caller's profile picture, and signs its form.
    pub(crate) async fn create_picture(
        &self,
        call: &Call,
        request: &CreatePictureRequest,
    ) -> Result<Reply, Problem> {
        let (content_type, size) = (content_type(&request.content_type)?, checked(request.size)?);
        // As for a photo: credentials come before any write.
        let credentials = self.credentials.get().await.map_err(Problem::unavailable)?;
        let caller = call.caller()?;
        let (user, now) = (caller.user_id, self.clock.now());
        let taking = async { Ok(self.quotas.take(&quota::PICTURES, user, &[1], now).await?) };
        let (taken, ()) = futures::try_join!(taking, self.sessions.check(call))?;
        taken.map_err(over_quota)?;
        let id = self.begin_picture(caller, content_type, size).await?;
        let key = PictureUpload { user, id }.upload_key();
        let upload = self.bucket.form(&credentials, self.clock.now(), &key, content_type, size);
        Reply::created(&CreatedPicture { upload })
    }

    /// Stores a new upload as the caller's newest, and returns its id.
    async fn begin_picture(
        &self,
        caller: &Caller,
        content_type: ContentType,
        size: u64,
    ) -> Result<PictureId, Problem> {
        for turn in 0..TURNS {
            let id = PictureId::generate(caller.user_id, self.clock.as_ref(), self.random.as_ref());
            let picture = ProfilePicture::new(id, content_type, size);
            if profile_picture::begin(&self.table, caller.user_id, &picture).await? {
                return Ok(id);
            }
            // Another upload was begun in this millisecond, or by a machine whose clock is ahead.
            self.step_aside(turn).await;
        }
        Err(Problem::unavailable(Contended))
    }
}

fn checked(size: u64) -> Result<u64, Invalid> {
    match size {
        0 => Err(Invalid::new("picture_empty", "A picture has at least one byte.")),
        1..=MAX_PICTURE_BYTES => Ok(size),
        _ => Err(Invalid::new(
            "picture_too_large",
            format!("A profile picture has at most {MAX_PICTURE_BYTES} bytes."),
        )),
    }
}
