// The TCP door's key and certificate: P-256, signed by itself, for this machine's own names and for nothing else.
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { DewarError } from '@dewar/protocol';
import { writeDurably } from './durable.ts';

export interface Identity {
  readonly privatePem: string;
  readonly certificatePem: string;
  /** Of the certificate's DER, lowercase hexadecimal. */
  readonly sha256: string;
}

export interface IdentityFiles {
  /** Key and certificate in one file, so that a crash cannot part them. */
  readonly pair: string;
  /** The certificate alone, for clients to be pointed at. */
  readonly certificate: string;
}

const dayMs = 86_400_000;
/** Browsers and some libraries take no longer one. */
const validDays = 397;
const renewDays = 30;
/** Clocks of clients on this machine are the same one; this is for a clock that is set back a little. */
const backdatedMs = 3_600_000;

/** Reads the pair that is there, or makes one: none yet, damaged, of another key, or near its end. Throws `home_invalid` when others can read it. */
export async function loadIdentity({ pair, certificate }: IdentityFiles, uid: number, now: number): Promise<Identity> {
  const kept = await readPair(pair, uid, now);
  const identity = kept ?? await makeIdentity(now);
  if (kept === null) await writeDurably(pair, new TextEncoder().encode(identity.privatePem + identity.certificatePem));
  const shownToClients = await readFile(certificate, 'utf8').catch(() => '');
  if (shownToClients !== identity.certificatePem) await writeDurably(certificate, new TextEncoder().encode(identity.certificatePem));
  return identity;
}

async function readPair(path: string, uid: number, now: number): Promise<Identity | null> {
  const found = await stat(path).catch(() => null);
  if (found === null) return null;
  if (found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw new DewarError({ code: 'home_invalid', message: 'the private key of the TCP door can be read by others', got: path, fix: `remove ${path}: a new key and certificate are made` });
  }
  const text = await readFile(path, 'utf8');
  const [privatePem, certificatePem] = ['PRIVATE KEY', 'CERTIFICATE'].map((label) => new RegExp(`-----BEGIN ${label}-----\\n[^-]+-----END ${label}-----\\n`).exec(text)?.[0]);
  if (privatePem === undefined || certificatePem === undefined) return null;
  try {
    const read = new X509Certificate(certificatePem);
    const fits = createPublicKey(privatePem).equals(read.publicKey) && read.validFromDate.getTime() <= now && read.validToDate.getTime() - renewDays * dayMs > now;
    return fits ? identityOf(privatePem, certificatePem) : null;
  } catch {
    return null;
  }
}

function identityOf(privatePem: string, certificatePem: string): Identity {
  return { privatePem, certificatePem, sha256: createHash('sha256').update(new X509Certificate(certificatePem).raw).digest('hex') };
}

const oid = { commonName: '2.5.4.3', ecdsaWithSha256: '1.2.840.10045.4.3.2', serverAuth: '1.3.6.1.5.5.7.3.1' } as const;

/** Loaded only here: a broker that never opens the door does not pay for the libraries. */
export async function makeIdentity(now: number): Promise<Identity> {
  const { AsnConvert, OctetString } = await import('@peculiar/asn1-schema');
  const x509 = await import('@peculiar/asn1-x509');
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subjectPublicKeyInfo = AsnConvert.parse(exact(publicKey.export({ type: 'spki', format: 'der' })), x509.SubjectPublicKeyInfo);
  const keyId = createHash('sha256').update(new Uint8Array(subjectPublicKeyInfo.subjectPublicKey)).digest().subarray(0, 20);
  const name = new x509.Name([new x509.RelativeDistinguishedName([new x509.AttributeTypeAndValue({ type: oid.commonName, value: new x509.AttributeValue({ utf8String: 'Dewar TCP door' }) })])]);
  const names = [{ dNSName: 'localhost' }, { iPAddress: '127.0.0.1' }, { iPAddress: '::1' }].map((each) => new x509.GeneralName(each));
  const extension = (extnID: string, critical: boolean, value: unknown) => new x509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
  const signature = new x509.AlgorithmIdentifier({ algorithm: oid.ecdsaWithSha256 });
  const tbsCertificate = new x509.TBSCertificate({
    version: x509.Version.v3, serialNumber: serialNumber(), signature, issuer: name, subject: name, subjectPublicKeyInfo,
    validity: new x509.Validity({ notBefore: wholeSeconds(now - backdatedMs), notAfter: wholeSeconds(now - backdatedMs + validDays * dayMs) }),
    extensions: new x509.Extensions([
      // No authority: who trusts this trusts one key for three names, and no certificate that the key might sign.
      extension(x509.id_ce_basicConstraints, true, new x509.BasicConstraints({ cA: false })),
      extension(x509.id_ce_keyUsage, true, new x509.KeyUsage(x509.KeyUsageFlags.digitalSignature)),
      extension(x509.id_ce_extKeyUsage, false, new x509.ExtendedKeyUsage([oid.serverAuth])),
      extension(x509.id_ce_subjectAltName, false, new x509.SubjectAlternativeName(names)),
      extension(x509.id_ce_subjectKeyIdentifier, false, new x509.SubjectKeyIdentifier(exact(keyId))),
    ]),
  });
  const signatureValue = exact(sign('sha256', new Uint8Array(AsnConvert.serialize(tbsCertificate)), privateKey));
  const der = AsnConvert.serialize(new x509.Certificate({ tbsCertificate, signatureAlgorithm: signature, signatureValue }));
  return identityOf(String(privateKey.export({ type: 'pkcs8', format: 'pem' })), new X509Certificate(new Uint8Array(der)).toString());
}

/** 127 random bits: positive, and never twice. */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return exact(bytes);
}

function wholeSeconds(time: number): Date {
  return new Date(Math.floor(time / 1000) * 1000);
}

/** The libraries take buffers whole, and Node's may be a part of a larger one. */
function exact(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
