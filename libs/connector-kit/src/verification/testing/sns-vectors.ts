/** providers/aws_me.md 5: a self-made key signed these; the certificate stands for the one that Amazon would serve. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIICzzCCAbegAwIBAgIBATANBgkqhkiG9w0BAQsFADAqMSgwJgYDVQQDDB9zbnMu
YW1hem9uYXdzLmNvbSAodGVzdCB2ZWN0b3IpMCAXDTIwMDEwMTAwMDAwMFoYDzIw
NTAwMTAxMDAwMDAwWjAqMSgwJgYDVQQDDB9zbnMuYW1hem9uYXdzLmNvbSAodGVz
dCB2ZWN0b3IpMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsyPk2Pwn
UvCQKjd9kgG9ig1/FRWZC10KhpxdC/330JRX8XEhGW7QGDHPMntd/YjUwTdUsi7O
oMV4243RohT1EcnIVShVn/imKj/585KaCKDjfOcExBhbV2QAduwVMtSVQDTG4gLA
oYGpx268mGVPokjEPOLmfmMELWdYapnBiYiKK1QplwVk0yTQoNeFDzL0QHtDyzOm
iVL2FaajqlHwqvt2W3nOCJJISoGFp8metgYu4EpMKuh0zLghoW6JYTIKryHjxDEt
HLDWzIBIHKWMBMMSXXvrnQKd7Yq+KbBUuguIDdXc+0v08IncJ/6L2IhHf0bOG2xF
jTX4BAnxJiifkQIDAQABMA0GCSqGSIb3DQEBCwUAA4IBAQCx9Gn+KKTulZD7FW6D
1yK+/WYlLduiHVUUdkzoS7QzBYpngOoAFZdYh91epjb2ctpqVKheE8b0be+9YjVk
GEceDuU4Ud1KP1Q5BbJ2/hroE1xk3adUsZRtE/y6Ynx7W3wE+1ZS9Oizhiec0oCG
u6OmR12SN9MMHQBXUKHERqhIxY7eDaYhIAYabXo69j3l6ZXYhdPhqZ5Ljs32jcg2
BeSj4x2jwgfBhWLk05wpwaR7Dwsl4kQznRhqXzwcWbFZTS0e4BeFtBVWshl3un+C
mR3CsSYgMFGA+QafW55OX7gXA9ovD7UOFOVppDUkJyV5E5+OG/DIhHUoen6CNe0/
S/iM
-----END CERTIFICATE-----
`

export const notification = {
  Type: 'Notification',
  MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
  TopicArn: 'arn:aws:sns:me-south-1:123456789012:MyTopic',
  Subject: 'My First Message',
  Message: 'Hello مرحبا',
  Timestamp: '2026-01-10T09:00:00.000Z',
  SigningCertURL: 'https://sns.me-south-1.amazonaws.com/SimpleNotificationService-0000000000000000000000.pem',
}
export const signedWithSha1 =
  'ktp7GioRyl8rMJKd4pxkZyZxCYrBjzUd9RElyei7YQU4+WbpAZgYwuXj8UjUZbYFgnEKThd93kY9/kcluGCZi6z3c7NiWY9j' +
  'GkdnVeZHMtliCWxdQHp8UOamxpnNoRrpERahl1JAPmevU95R1jrQ25uU0Jo5oyRujWXHLDSPjng8+DNc1+GG/d11ke8z+DI5' +
  '+iV8uhT9eW3eJf1tGkslWPvkqr+I9IkCx/bWil59sJHshAf5wAES8Jv3KXNJPOQfAHF+CfZ7xD5WEUX3gkIIEHQrvSWv3w9B' +
  'cJq0gTGishf9KPCjYKTg4zXsuGm+J4yzTrVK0AMm564q6/ZUZRBM3w=='
export const signedWithSha256 =
  'VqxZBp2trApOM/l1Qibt0D94eqElRF1NKFIQ0gOZLt3YcQspDIovu000KPUXElfT+GGV/LDarOl/163Sgk7verM1ygM5J4oj' +
  '+nCvX+XkdtAtu/eplFlIG6Y2PsGr/fS9R77VN5gWHQ0ok82CaRNEIsPQVd39lnwvgkYnbOwNwrNcZ6bNFIiDhj1AYn5E5np6' +
  'F+bpiTvg5ToGQWpg16Azx95oMOuW7kQgLFRmLNeC0l3xIdD4Nc7gpbsCkPNj6HO73hmtSsnGhI/BJX5zbgdM8SKC2us9Uj4b' +
  'x5SEs0hI+NcoYOma7eF+Faf387892z5trdURL9jL0shHzKE0fgSK1w=='

export const confirmation = {
  ...notification,
  Type: 'SubscriptionConfirmation',
  MessageId: '165545c9-2a5c-472c-8df2-7ff2be2b3b1b',
  Subject: undefined,
  Token: '2336412f37',
  Message: 'You have chosen to subscribe',
  SubscribeURL:
    'https://sns.me-south-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:me-south-1:123456789012:MyTopic&Token=2336412f37',
}
export const confirmationSigned =
  'EVMfjiTB+oVnaWM3VM0UVcP/UTUcLPvrkqSyboQHBeFkxAGMeXA7OQGTACRJK3Ki/p41F9ccWkP5eIx/OMAbjq/pDrAB4BkR' +
  'Q386/DDLAjrAlY0bmmRtuSMJrmuf3HnEm6p7Wkq/Wa1TKg2AWQHHQVyYB2pvHMQydmj31FTf7hVoKxawiAejj8O9U/IB8mQF' +
  '15XiBpzHcQTTFSNX08n8m/1+0MCVn+f4+S4+Xd01xqpIJoDZnQVgfG+r655W3L8RLnKNaB8QswSOUWEJzuQSbcXXYSz+Ef5i' +
  '+f8UFmdUDOfEfxQxy+sLhULnKYibYfHwjwehIUkLwAZYiRrhMK/cDQ=='
