// SPDX-License-Identifier: Apache-2.0
//! Keys that sign records and keys that verify them: ECDSA on P-256.

use std::fmt;
use std::str::FromStr;

use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::Generate;
use p256::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::digest::{Digest, DigestError};

/// A key's name: the SHA-256 of its public half in DER (`SubjectPublicKeyInfo`), `sha256:HEX`.
/// `openssl pkey -pubin -in public.pem -outform DER | sha256sum` gives the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(Digest);

/// Whatever can sign a digest: the port to a key.
pub trait Sign {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// An ECDSA signature of this SHA-256 digest, in ASN.1 DER.
    ///
    /// # Errors
    ///
    /// Where the key can't be reached or refuses.
    fn sign(&self, digest: Digest) -> impl Future<Output = Result<Vec<u8>, SignError>> + Send;
}

/// Why nothing was signed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SignError {
    /// The key could not be used.
    #[error("the signing key could not be used: {0}")]
    Key(String),
    /// The signature is not that of the signer's own public key.
    #[error("the signing key and its public key don't belong together")]
    OtherKey,
    /// What was to be signed could not be written down.
    #[error("the statement could not be written: {0}")]
    Statement(#[from] serde_json::Error),
}

/// Why a text is no key. The text itself is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No private key on P-256.
    #[error(
        "it is no private key on the curve P-256 in PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`); `keyproof evidence keygen` makes one, and `openssl pkcs8 -topk8 -nocrypt` converts other forms"
    )]
    Private,
    /// No public key on P-256.
    #[error(
        "it is no public key on the curve P-256 in PEM (`-----BEGIN PUBLIC KEY-----`); `openssl pkey -pubout` gives the public half of a private key"
    )]
    Public,
    /// The half that must not leave its owner.
    #[error(
        "it is a private key; verifying needs the public half alone: `openssl pkey -in KEY -pubout`"
    )]
    PrivateForPublic,
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// A private key. It can't be printed.
#[derive(Clone)]
pub struct PrivateKey {
    key: SigningKey,
    public: PublicKey,
}

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    id: KeyId,
}

impl PrivateKey {
    /// A new key from the system's random numbers.
    ///
    /// # Errors
    ///
    /// Where the system has none.
    pub fn generate() -> Result<Self, KeyError> {
        let key = SigningKey::try_generate().map_err(|_| KeyError::Random)?;
        Self::new(key, KeyError::Private)
    }

    /// Reads PKCS#8 PEM.
    ///
    /// # Errors
    ///
    /// Where it is none, or of another curve.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let key = SigningKey::from_pkcs8_pem(text).map_err(|_| KeyError::Private)?;
        Self::new(key, KeyError::Private)
    }

    /// The key as PKCS#8 PEM, for the one file that holds it. The text wipes itself.
    ///
    /// # Errors
    ///
    /// Never for a key on P-256.
    pub fn to_pem(&self) -> Result<impl AsRef<[u8]> + use<>, KeyError> {
        let text = self.key.to_pkcs8_pem(LineEnding::LF);
        text.map(Pem).map_err(|_| KeyError::Private)
    }

    fn new(key: SigningKey, wrong: KeyError) -> Result<Self, KeyError> {
        let public = PublicKey::new(*key.verifying_key(), wrong)?;
        Ok(Self { key, public })
    }
}

/// PEM that wipes itself when dropped.
struct Pem<T>(T);

impl<T: std::ops::Deref<Target = String>> AsRef<[u8]> for Pem<T> {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PrivateKey([redacted] of {})", self.public.id)
    }
}

impl Sign for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Deterministic (RFC 6979): the same record gives the same bytes.
    async fn sign(&self, digest: Digest) -> Result<Vec<u8>, SignError> {
        let signature: Signature = self
            .key
            .sign_prehash(digest.as_bytes())
            .map_err(|error| SignError::Key(error.to_string()))?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

impl PublicKey {
    /// Reads PEM (`SubjectPublicKeyInfo`), as OpenSSL writes it.
    ///
    /// # Errors
    ///
    /// Where it is none, of another curve, or a private key.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyError::PrivateForPublic);
        }
        let key = VerifyingKey::from_public_key_pem(text).map_err(|_| KeyError::Public)?;
        Self::new(key, KeyError::Public)
    }

    /// Reads DER (`SubjectPublicKeyInfo`), as `kms:GetPublicKey` answers.
    ///
    /// # Errors
    ///
    /// Where it is none, or of another curve.
    pub fn from_der(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_public_key_der(bytes).map_err(|_| KeyError::Public)?;
        Self::new(key, KeyError::Public)
    }

    /// The key as PEM.
    ///
    /// # Errors
    ///
    /// Never for a key on P-256.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.key
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_| KeyError::Public)
    }

    /// The key's name.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    fn new(key: VerifyingKey, wrong: KeyError) -> Result<Self, KeyError> {
        let der = key.to_public_key_der().map_err(|_| wrong)?;
        let id = KeyId(Digest::of(der.as_bytes()));
        Ok(Self { key, id })
    }

    /// Whether this key made this signature, in ASN.1 DER, of this digest.
    pub(crate) fn verifies(&self, digest: &Digest, signature: &[u8]) -> bool {
        Signature::from_der(signature).is_ok_and(|signature| {
            self.key
                .verify_prehash(digest.as_bytes(), &signature)
                .is_ok()
        })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", self.id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl FromStr for KeyId {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        text.parse().map(Self)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Digest::deserialize(deserializer).map(Self)
    }
}
