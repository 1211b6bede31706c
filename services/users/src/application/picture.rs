//! From an upload to a picture that can be shown to everybody.
//!
//! What always holds: what an upload is, its first bytes say, and nothing else; its size is
//! known before it is decoded; what is kept was encoded here, so nothing of the upload but
//! its pixels survives: no metadata, no second file hidden in it.
//!
//! Memory: four bytes for each pixel that is allowed, once, and what the format's decoder
//! needs beside them. Nothing after the decoder works on the whole picture: it is shrunk in
//! its own depth to a few times its final size before it is resized finely, for which the
//! library computes in floating point numbers, sixteen bytes for each pixel.

use std::fmt;
use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::error::LimitErrorKind;
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
/// Most pixels in a row or a column. A thin picture has few pixels and rows that decoders
/// and filters keep whole.
const LONGEST_SIDE: u32 = 10_000;
/// Bytes a decoded picture may have for each pixel that is allowed: 8 bits for each of four
/// channels, or 16 in a smaller picture.
const PIXEL_BYTES: u64 = 4;
/// What a PNG's colour profile, which is compressed, may have beyond the size of an upload.
const METADATA: u64 = 4 << 20;
/// How much larger than its final size a picture may be when it is resized finely.
const FINE: u32 = 2;

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
    /// It is too wide or too high.
    #[error("the picture is more than {limit} pixels wide or high")]
    TooLong {
        /// The most.
        limit: u32,
    },
    /// It has few enough pixels, and too much in them or beside them.
    #[error("decoding the picture takes too much memory")]
    TooMuchMemory,
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
    let picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    let mut picture = fit(picture, limits.side);
    picture.apply_orientation(orientation);
    encode(&picture).map_err(PictureError::Damaged)
}

/// Makes a picture fit into a square, unless it does.
fn fit(mut picture: DynamicImage, side: u32) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    let longest = width.max(height);
    if longest <= side {
        return picture;
    }
    let shrunk = |length: u32, to: u32| {
        let length = u64::from(length) * u64::from(to);
        let rounded = (length + u64::from(longest / 2)) / u64::from(longest);
        u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
    };
    // By a whole number, so that every pixel is the mean of as many.
    let factor = longest / side.saturating_mul(FINE).max(1);
    if factor > 1 {
        let coarse = longest / factor;
        // The whole picture is freed here.
        picture = picture.thumbnail_exact(shrunk(width, coarse), shrunk(height, coarse));
    }
    picture.resize_exact(shrunk(width, side), shrunk(height, side), FilterType::Triangle)
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
    let decoded = limits.pixels.saturating_mul(PIXEL_BYTES);
    let mut memory = Limits::no_limits();
    memory.max_image_width = Some(LONGEST_SIDE);
    memory.max_image_height = Some(LONGEST_SIDE);
    memory.max_alloc = Some(match format {
        // Its decoder counts metadata and single rows, and expands a profile at once.
        ImageFormat::Png => METADATA.saturating_add(limits.bytes as u64),
        // A picture of an animation, and the whole that it is a part of.
        _ => decoded.saturating_mul(2).saturating_add(1 << 20),
    });
    reader.limits(memory);
    let decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    if width > LONGEST_SIDE || height > LONGEST_SIDE {
        return Err(PictureError::TooLong { limit: LONGEST_SIDE });
    }
    if u64::from(width) * u64::from(height) > limits.pixels {
        return Err(PictureError::TooManyPixels { limit: limits.pixels });
    }
    // 16 bits for each channel of as many pixels as are allowed are too many.
    if decoder.total_bytes() > decoded {
        return Err(PictureError::TooMuchMemory);
    }
    Ok(decoder)
}

fn refused(error: ImageError) -> PictureError {
    match error {
        ImageError::Limits(limit) => match limit.kind() {
            LimitErrorKind::DimensionError => PictureError::TooLong { limit: LONGEST_SIDE },
            _ => PictureError::TooMuchMemory,
        },
        error => PictureError::Damaged(error),
    }
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

#[cfg(test)]
mod tests;
