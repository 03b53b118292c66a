//! `hotseat run`: a seat that lives as long as a program.

use std::time::Duration;

use hotseat_ipc::boot_clock;
use hotseat_protocol::ipc::Role;

use crate::args::{OnLoss, Run};
use crate::failure::{Failure, exit};
use crate::output::Output;
use crate::platform::Signals;
use crate::session::Place;
use crate::waiting::{Asking, Ended, Got, Wanted};

mod keeping;
mod started;

use keeping::{Keeping, News};
use started::{Left, Started};

/// How long a program that was asked to end may take before it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How long a program may take to be dead once it was killed. One that runs as another user (as
/// `sudo` does) cannot be killed at all.
const KILLED_WITHIN: Duration = Duration::from_secs(5);

/// How long the broker may take to acknowledge the goodbye; the seat ends with the connection
/// anyway.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// Takes a seat, runs the program, gives the seat back. Gives the program's exit code.
pub(crate) async fn run(place: &Place, output: Output, run: &Run) -> u8 {
    match with_seat(place, output, run).await {
        Ok(code) => code,
        Err(failure) => {
            output.problem(&failure.problem);
            exit::RUN_BASE + failure.code
        }
    }
}

async fn with_seat(place: &Place, output: Output, run: &Run) -> Result<u8, Failure> {
    let mut asking = Asking::start(place, Role::Run).await?;
    let mut signals = Signals::new()?;
    let wanted = Wanted::new(run.pool.clone(), run.client.clone(), run.wait);
    let got = match asking.seat(&mut signals, output, &wanted).await? {
        Ended::Got(got) => got,
        Ended::Interrupted(code) => {
            output.say("You left the line.");
            return Ok(code);
        }
    };
    let (client, pushes) = asking.into_connection();
    let mut keeping = Keeping::new(place.clone(), client, pushes, &run.pool, got_seat(got)?);
    let code = match Started::new(&run.command, run.follow) {
        Ok(started) => follow(started, &mut keeping, &mut signals, output, run.on_loss).await,
        Err((code, text)) => {
            output.warn(&text);
            code
        }
    };
    // The seat ends with this connection in any case; the goodbye only makes it sooner.
    let _ = tokio::time::timeout(GOODBYE_WITHIN, keeping.goodbye()).await;
    Ok(code)
}

fn got_seat(got: Got) -> Result<keeping::Seat, Failure> {
    let hotseat_protocol::link::Outcome::Seat { seat, .. } = got.outcome else {
        return Err(Failure::unexpected());
    };
    Ok(keeping::Seat {
        id: seat.id,
        deadline_boot_ms: got.deadline_boot_ms.unwrap_or_else(boot_clock::now_ms),
        resume: got.resume,
    })
}

/// Follows the program to its end, and the seat meanwhile.
async fn follow(
    mut started: Started,
    keeping: &mut Keeping,
    signals: &mut Signals,
    output: Output,
    on_loss: OnLoss,
) -> u8 {
    let (mut told, mut lost) = (false, false);
    loop {
        tokio::select! {
            left = started.ended() => match left {
                Left::Nothing(code) => return code,
                Left::Others if !told => {
                    told = true;
                    output.say(match lost {
                        false => "The program has ended and left others running: they keep the seat.",
                        true => "The program has ended and left others running, without a seat.",
                    });
                }
                Left::Others => {}
            },
            signal = signals.next() => started.pass_on(signal),
            news = keeping.next() => match (news, on_loss) {
                (News::WithoutSeat, _) => output.warn(
                    "the pool does not answer: you work on without a seat, and it will be told.",
                ),
                (News::Back, _) => {
                    lost = false;
                    output.warn("the seat is yours again.");
                }
                (News::Lost(why), OnLoss::Warn) => {
                    lost = true;
                    output.warn(&format!("your seat is lost: {why}. Save your work."));
                }
                (News::Lost(why), OnLoss::Stop) => {
                    // First what must be done: nobody may be there to be told.
                    started.ask_to_end();
                    output.warn(&format!("your seat is lost: {why}. The program is asked to end."));
                    return stop(started, signals, output).await;
                }
            },
        }
    }
}

/// Waits for the end of a program that was asked to end, and kills it when it does not.
async fn stop(mut started: Started, signals: &mut Signals, output: Output) -> u8 {
    let patience = tokio::time::sleep(STOP_WITHIN);
    tokio::pin!(patience);
    loop {
        tokio::select! {
            left = started.ended() => if let Left::Nothing(_) = left { return exit::LOST },
            signal = signals.next() => started.pass_on(signal),
            () = &mut patience => {
                if tokio::time::timeout(KILLED_WITHIN, started.kill()).await.is_err() {
                    output.warn("the program cannot be ended by you and goes on without a seat: end it yourself, or ask \
                         your administrator.");
                }
                return exit::LOST;
            }
        }
    }
}
