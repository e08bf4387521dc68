//! The log of the server: crashes, and which process it was.

use crate::failures::{is_broken, Tally};
use crate::server::{Fault, Said};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

/// What was read of it.
pub struct Log {
    file: Option<Mutex<(File, String)>>,
    crashed: Mutex<Vec<(i32, String)>>,
}

impl Log {
    /// From its end on.
    pub fn open(path: Option<&str>) -> Result<Self, Fault> {
        let file = match path {
            Some(path) => {
                let mut file = File::open(path).map_err(|error| format!("{path}: {error}"))?;
                file.seek(SeekFrom::End(0))?;
                Some(Mutex::new((file, String::new())))
            }
            None => None,
        };
        Ok(Self { file, crashed: Mutex::default() })
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.file.is_some()
    }

    /// Reads on; what tells of a broken server is a failure. Crashes are told by the sessions, who know their statement.
    pub fn read(&self, tally: &Tally) {
        let Some(file) = &self.file else { return };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = Vec::new();
        // a log that cannot be read just tells nothing
        let _ = file.0.read_to_end(&mut bytes);
        file.1.push_str(&String::from_utf8_lossy(&bytes));
        let end = file.1.rfind('\n').map_or(0, |end| end + 1);
        let rest = file.1.split_off(end);
        for line in std::mem::replace(&mut file.1, rest).lines().filter(|line| is_broken(line)) {
            match pid_of(line) {
                Some(pid) => self
                    .crashed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((pid, said(line).message)),
                None => tally.fail("server log", "", &said(line), ""),
            }
        }
    }

    /// How many processes have crashed.
    pub fn crashes(&self) -> usize {
        self.crashed.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How this process crashed.
    pub fn crash_of(&self, pid: i32) -> Option<String> {
        let crashed = self.crashed.lock().unwrap_or_else(PoisonError::into_inner);
        crashed.iter().find(|crash| crash.0 == pid).map(|crash| crash.1.clone())
    }
}

/// `server process (PID 7) was terminated by signal 11: Segmentation fault`
fn pid_of(line: &str) -> Option<i32> {
    line.split_once("server process (PID ")?.1.split_once(')')?.0.parse().ok()
}

/// Without the time and process at its begin, which differ.
fn said(line: &str) -> Said {
    let message = line.split_once("] ").map_or(line, |parts| parts.1);
    Said { message: message.to_owned(), ..Said::default() }
}
