process.env.TEST_DATABASE_URL = process.env.TEST_DATABASE_URL_15
