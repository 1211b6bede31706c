//! From an upload to a picture that can be shown to everybody.
//!
//! What always holds: what an upload is, its first bytes say, and nothing else; its size is
//! known before it is decoded; what is kept was encoded here, so nothing of the upload but
//! its pixels survives: no metadata, no second file hidden in it.

use std::fmt;
use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use ring::digest;

use crate::domain::{MediaType, PictureHash, PictureName};

/// Kinds of pictures that are taken.
const FORMATS: [ImageFormat; 4] =
    [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif];
/// Of 100; above it files grow and nobody sees why.
const JPEG_QUALITY: u8 = 85;

/// What an upload may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureLimits {
    /// Largest upload, in bytes.
    pub bytes: usize,
    /// Most pixels.
    pub pixels: u64,
    /// What the picture is made to fit into, in pixels.
    pub side: u32,
}

/// Why an upload is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It has too many bytes.
    #[error("the picture has more than {limit} bytes")]
    TooLarge {
        /// The most.
        limit: usize,
    },
    /// Its first bytes are not those of a picture of a known kind.
    #[error("the upload is no PNG, JPEG, WebP or GIF picture")]
    Kind,
    /// It has too many pixels.
    #[error("the picture has more than {limit} pixels")]
    TooManyPixels {
        /// The most.
        limit: u64,
    },
    /// It begins as a picture and is none.
    #[error("the picture is damaged")]
    Damaged(#[source] ImageError),
}

/// A picture as it is kept.
pub struct NewPicture {
    /// Its name, made of what is in it.
    pub name: PictureName,
    /// What is in it.
    pub content: Vec<u8>,
}

impl fmt::Debug for NewPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewPicture({}, {} bytes)", self.name, self.content.len())
    }
}

/// What can be said without decoding: quick, for before an upload takes its turn.
///
/// # Errors
///
/// [`PictureError`] of every kind.
pub fn check(upload: &[u8], limits: &PictureLimits) -> Result<(), PictureError> {
    decoder(upload, limits).map(drop)
}

/// Decodes an upload (of an animation the first picture), turns it upright, makes it fit
/// and encodes it: JPEG, or PNG when something of it is transparent. Takes long.
///
/// # Errors
///
/// [`PictureError`] of every kind.
pub fn read(upload: &[u8], limits: &PictureLimits) -> Result<NewPicture, PictureError> {
    let mut decoder = decoder(upload, limits)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(PictureError::Damaged)?;
    if picture.width() > limits.side || picture.height() > limits.side {
        picture = picture.resize(limits.side, limits.side, FilterType::Triangle);
    }
    picture.apply_orientation(orientation);
    encode(&picture).map_err(PictureError::Damaged)
}

fn decoder<'u>(
    upload: &'u [u8],
    limits: &PictureLimits,
) -> Result<impl ImageDecoder + 'u, PictureError> {
    if upload.len() > limits.bytes {
        return Err(PictureError::TooLarge { limit: limits.bytes });
    }
    let format = image::guess_format(upload).map_err(|_| PictureError::Kind)?;
    if !FORMATS.contains(&format) {
        return Err(PictureError::Kind);
    }
    let mut reader = ImageReader::with_format(Cursor::new(upload), format);
    let mut memory = Limits::no_limits();
    // Twice what the pixels take: the decoder's own buffers, and 16 bits for each channel.
    memory.max_alloc = Some(limits.pixels.saturating_mul(8).saturating_add(1 << 20));
    reader.limits(memory);
    let decoder = reader.into_decoder().map_err(PictureError::Damaged)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.pixels {
        return Err(PictureError::TooManyPixels { limit: limits.pixels });
    }
    Ok(decoder)
}

fn encode(picture: &DynamicImage) -> Result<NewPicture, ImageError> {
    let transparent =
        picture.color().has_alpha() && picture.to_rgba8().pixels().any(|pixel| pixel.0[3] != 255);
    let mut content = Vec::new();
    let media_type = if transparent {
        let encoder = PngEncoder::new_with_quality(
            &mut content,
            CompressionType::Default,
            PngFilter::Adaptive,
        );
        picture.to_rgba8().write_with_encoder(encoder)?;
        MediaType::Png
    } else {
        picture
            .to_rgb8()
            .write_with_encoder(JpegEncoder::new_with_quality(&mut content, JPEG_QUALITY))?;
        MediaType::Jpeg
    };
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, &content).as_ref());
    Ok(NewPicture { name: PictureName { hash: PictureHash(hash), media_type }, content })
}
