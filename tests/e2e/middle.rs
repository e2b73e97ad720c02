//! Somebody between the tool and the sandbox's AWS endpoint: answers some requests itself, and passes the others on.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{ACCOUNT, CLUSTER, Tool, World};

/// The answer of somebody else.
pub(crate) enum Answer {
    /// A JSON document.
    Json(serde_json::Value),
    /// A body without an end, written until nobody reads any more.
    Endless,
    /// Nothing, ever.
    Silence,
}

/// Where it listens; it goes with the test.
pub(crate) struct Middle {
    pub(crate) url: String,
}

impl Middle {
    /// Answers the requests for which `answer` has one, by method and path with query.
    pub(crate) async fn before(
        world: &World,
        answer: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let behind = world.sandbox.aws_url().replace("http://", "");
        Self::start(Some(behind), answer).await
    }

    /// The same with nothing behind: whatever has no answer is not found.
    pub(crate) async fn alone(
        answer: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        Self::start(None, answer).await
    }

    async fn start(
        behind: Option<String>,
        answer: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, behind) = (Arc::clone(&answer), behind.clone());
                // Whoever hangs up has what it wants.
                tokio::spawn(async move { serve(stream, &*answer, behind).await.ok() });
            }
        });
        Self { url }
    }

    /// The tool, which takes this for AWS.
    pub(crate) fn tool(&self, world: &World, verb: &str) -> Tool {
        world.tool(verb).env("AWS_ENDPOINT_URL", &self.url)
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: &(impl Fn(&str) -> Option<Answer> + Sync),
    behind: Option<String>,
) -> std::io::Result<()> {
    let (head, rest) = request(&mut stream).await?;
    let line = head.lines().next().unwrap_or_default();
    let asked = line.rsplit_once(' ').map_or(line, |(asked, _)| asked);
    match (answer(asked), behind) {
        (Some(Answer::Json(document)), _) => reply(&mut stream, "200 OK", &document).await,
        (Some(Answer::Endless), _) => {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n\"";
            stream.write_all(head.as_bytes()).await?;
            loop {
                stream.write_all(&[b'x'; 8192]).await?;
            }
        }
        (Some(Answer::Silence), _) => std::future::pending().await,
        (None, Some(behind)) => {
            let mut upstream = TcpStream::connect(behind).await?;
            // One request a connection, so that each is looked at.
            let (line, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
            let head = format!("{line}\r\nconnection: close\r\n{headers}");
            upstream.write_all(head.as_bytes()).await?;
            upstream.write_all(&rest).await?;
            tokio::io::copy(&mut upstream, &mut stream).await.map(drop)
        }
        (None, None) => {
            let status = serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure",
                "reason": "NotFound", "message": "not found", "code": 404});
            reply(&mut stream, "404 Not Found", &status).await
        }
    }
}

async fn reply(
    stream: &mut TcpStream,
    status: &str,
    document: &serde_json::Value,
) -> std::io::Result<()> {
    let body = document.to_string();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}

/// Reads a request: its head with the empty line, and its body.
async fn request(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse::<usize>().ok())?
    });
    while read.len() < end + length.unwrap_or_default() {
        if stream.read_buf(&mut read).await? == 0 {
            break;
        }
    }
    Ok((head, read.split_off(end)))
}

/// What `DescribeCluster` answers about the world's cluster, to be changed.
pub(crate) fn described(world: &World) -> serde_json::Value {
    let kubeconfig: serde_json::Value = serde_yaml::from_str(&world.sandbox.kubeconfig()).unwrap();
    let cluster = &kubeconfig["clusters"][0]["cluster"];
    serde_json::json!({"cluster": {
        "name": CLUSTER,
        "arn": format!("arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/{CLUSTER}"),
        "endpoint": cluster["server"],
        "certificateAuthority": {"data": cluster["certificate-authority-data"]},
        "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
        "status": "ACTIVE", "version": "1.33", "platformVersion": "eks.9",
    }})
}
