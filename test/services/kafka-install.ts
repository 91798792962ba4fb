/**
 * Apache Kafka, pinned, from Maven Central into a cache folder of the project.
 * The folder appears in one rename when all of it is there: half a download is never taken for a whole one.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptInstall, onPath, run, timed } from './install.ts';

const KAFKA_VERSION = '4.2.0';
const LOG4J_VERSION = '2.25.3'; // the one that this Kafka ships with
const OLDEST_JAVA = 17;
const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));

const HOW_TO_INSTALL =
  `Install Java ${OLDEST_JAVA} or newer and Maven (Debian, Ubuntu: \`apt-get install openjdk-17-jre-headless maven\`; ` +
  'macOS: `brew install openjdk@17 maven`), or set KAFKA_BROKERS to a broker that tests may create topics on.';

let provisioned: Promise<string> | undefined;

/** The folder of Kafka's libraries; rejects with what to install where it cannot be had. */
export function provisionKafka(): Promise<string> {
  provisioned ??= findOrFetch().catch((error: Error) => {
    throw new Error(`Kafka ${KAFKA_VERSION} cannot be provisioned: ${error.message}.\n${HOW_TO_INSTALL}`);
  });
  return provisioned;
}

async function findOrFetch(): Promise<string> {
  const libraries = join(CACHE, `kafka-${KAFKA_VERSION}`);
  const isCached = existsSync(libraries);
  await provideJava(!isCached);
  if (!isCached) {
    await timed(`fetching Kafka ${KAFKA_VERSION} from Maven Central (about 45 MB, kept in .cache)`, () =>
      fetchInto(libraries),
    );
  }
  return libraries;
}

async function provideJava(withMaven: boolean): Promise<void> {
  const packages = withMaven && !onPath('mvn') ? ['maven'] : [];
  if ((await javaVersion()) >= OLDEST_JAVA) {
    if (packages.length > 0) await aptInstall(packages);
    return;
  }
  await aptInstall(
    ['openjdk-17-jre-headless', ...packages],
    ['openjdk-21-jre-headless', ...packages],
    ['openjdk-25-jre-headless', ...packages],
  );
}

/** The major version of the `java` on the PATH, 0 where there is none. */
async function javaVersion(): Promise<number> {
  const said = await run('java', ['-version']).catch(() => '');
  return Number(/version "(\d+)/.exec(said)?.[1] ?? 0);
}

async function fetchInto(libraries: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const workshop = mkdtempSync(join(CACHE, 'partial-kafka-'));
  try {
    writeFileSync(join(workshop, 'pom.xml'), POM);
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    await run('mvn', ['-B', '-q', goal, '-DoutputDirectory=lib', '-DincludeScope=runtime'], workshop);
    renameSync(join(workshop, 'lib'), libraries);
  } catch (error) {
    if (!existsSync(libraries)) throw error; // otherwise somebody else completed it meanwhile
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

// The second dependency connects Kafka's log calls to its log library; without it a broker that fails says nothing.
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>agent-sentinel</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>${LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;
