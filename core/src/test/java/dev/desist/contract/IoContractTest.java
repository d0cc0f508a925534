package dev.desist.contract;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.contract.SentencesTest.Says;
import dev.desist.io.CancellableFiles;
import dev.desist.io.CancellableInputStream;
import dev.desist.io.CancellableLineReader;
import dev.desist.io.CancellableProcess;
import dev.desist.io.DirectoryWatch;
import dev.desist.io.ProcessEnding;
import dev.desist.io.ProcessReport;
import dev.desist.io.ProcessesSurvivedException;
import dev.desist.io.TransferOption;
import dev.desist.io.TransferProgress;
import dev.desist.net.CancellableDatagramChannel;
import dev.desist.net.CancellablePipe;
import dev.desist.net.CancellableServerSocketChannel;
import dev.desist.net.CancellableServerSocketFactory;
import dev.desist.net.CancellableSocketChannel;
import dev.desist.net.CancellableSocketFactory;
import dev.desist.support.Call;
import dev.desist.testkit.Hygiene;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the API documentation of {@code dev.desist.io} says, claim by claim. What needs more room
 * than a test of some lines, such as races and the whole table of operations, is with the tests of
 * the package.
 */
@Says(
    of = DirectoryWatch.class,
    value = "Once this is closed, add, take and poll throw",
    by = "OfWatches.once_it_is_closed_methods_throw_and_who_waits_too")
@Says(
    of = CancellableFiles.class,
    value = {
      "After a cancellation it is some way past the bytes that were transferred",
      "After the death of the process it is still there"
    },
    advice = true)
@Says(
    of = CancellableDatagramChannel.class,
    value = "What does not fit into the buffer is dropped",
    by =
        "OfTheOtherChannels.a_datagram_is_dropped_beyond_the_buffer_and_none_is_taken_by_a_cancelled_call")
@Says(
    of = CancellableDatagramChannel.class,
    value = "what may end the wait",
    by =
        "ChannelLawsTest.promise19_a_cancelled_call_says_why_and_the_next_one_gets_what_it_would_have_got")
@Says(
    of = CancellableDatagramChannel.class,
    value = {"whose port may be 0 for any that is free", "Close this channel rather than that one"},
    by = "ReadinessTest.closed_behind_our_back_they_learn_of_it_when_this_is_closed_too")
@Says(
    of = CancellableInputStream.class,
    value = "Nothing is read, and no thread started, before the first read",
    by = "OfStreams.nothing_is_read_and_no_thread_started_before_the_first_read")
@Says(
    of = CancellableInputStream.class,
    value = "It ends with the source, or after a few seconds in which the buffer was full",
    by = "CancellableInputStreamTest.promise17_a_stream_that_was_dropped_half_read_keeps_no_thread")
@Says(
    of = CancellableInputStream.class,
    value = "System#in is the exception, of which there can be many streams",
    by =
        "CancellableInputStreamTest.promise20_the_streams_of_system_in_share_one_thread_and_one_buffer")
@Says(
    of = CancellableInputStream.class,
    value = "The source is not told: its thread reads on, for the next reader",
    by = "CancellableInputStreamTest.promise20_a_cancelled_read_of_a_fifo_loses_nothing")
@Says(
    of = CancellableInputStream.class,
    value = {
      "reach one reader, after the bytes that came before",
      "whoever reads again asks the source again"
    },
    by = "OfStreams.the_end_and_a_failure_reach_one_reader_after_the_bytes_before_them")
@Says(
    of = CancellableInputStream.class,
    value = "there it stays, as a daemon that does not keep the process alive",
    by =
        "CancellableInputStreamTest.a_thread_that_nothing_gets_out_of_the_source_stays_until_there_is_something")
@Says(
    of = CancellableInputStream.class,
    value = "All methods may be called from any thread",
    by = "CancellableInputStreamTest.several_readers_divide_the_bytes")
@Says(
    of = CancellableInputStream.class,
    value = {
      "is read by a thread of this stream alone from now on, and closed with it",
      "how many bytes to read ahead at most"
    },
    by = {
      "CancellableInputStreamTest.nothing_is_read_before_the_first_read_and_no_more_than_the_buffer_ahead",
      "OfStreams.close_closes_the_source_and_throws_away_what_was_read_ahead"
    })
@Says(
    of = CancellableInputStream.class,
    value = "if bufferSize is not positive",
    by = "OfStreams.arguments_are_checked_whatever_is_pumped")
@Says(
    of = CancellableInputStream.class,
    value = "what may end the wait",
    by = "OfStreams.a_cancelled_token_ends_a_read_even_if_there_are_bytes_or_none_are_wanted")
@Says(
    of = CancellableInputStream.class,
    value = {"how many bytes at most", "fewer only at the end of the stream"},
    by = "OfStreams.what_reads_many_times_puts_back_what_it_had")
@Says(
    of = CancellableInputStream.class,
    value = "What the source still has is not counted",
    by = "OfStreams.much_that_was_put_back_comes_first_and_in_order")
@Says(
    of = CancellableInputStream.class,
    value = "Does not wait for a read of the source that is under way",
    by = "CancellableInputStreamTest.closing_ends_a_reader_and_lets_the_opening_of_a_fifo_go")
@Says(
    of = CancellableLineReader.class,
    value = "One thread may read at a time, and any may close",
    by = "OfLines.a_second_thread_is_refused")
@Says(
    of = CancellableLineReader.class,
    value = "what may end the wait",
    by = "OfLines.nulls_are_named_and_a_cancelled_token_ends_what_need_not_wait")
@Says(
    of = CancellablePipe.Source.class,
    value = {"what may end the wait", "one after the other"},
    by = {
      "ChannelLawsTest.promise19_a_cancelled_call_says_why_and_the_next_one_gets_what_it_would_have_got",
      "ChannelEndTest.promise16_the_end_of_a_channel_that_scatters"
    })
@Says(
    of = CancellablePipe.Sink.class,
    value = {
      "what may end the wait",
      "its position is after those that were handed over, however this ends",
      "one after the other"
    },
    by =
        "ChannelLawsTest.promise19_a_cancelled_call_says_why_and_the_next_one_gets_what_it_would_have_got")
@Says(
    of = CancellableProcess.class,
    value = {
      "which ends the process if that has not ended by itself",
      "Ends the process if it has not ended by itself, as #end() does, and closes its streams"
    },
    by = {
      "CancellableProcessTest.closing_lets_a_process_be_that_has_ended_and_what_it_left_to_others",
      "OfProcesses.a_cancelled_read_leaves_the_process_running_and_end_says_what_became_of_it"
    })
@Says(
    of = CancellableProcess.class,
    value = "parents before their children, so that no script goes on with its next command",
    by = "CancellableProcessTest.promise19_a_cancelled_process_takes_its_descendants_along")
@Says(
    of = CancellableProcess.class,
    value =
        "What could not be killed, because it belongs to another user or hangs in the operating"
            + " system, is reported",
    by = "CancellableProcessTest.survivors_are_named")
@Says(
    of = CancellableProcess.class,
    value = "a descendant whose parent has ended is still one of them if it was seen before",
    by = "CancellableProcessTest.promise19_descendants_that_have_lost_their_parent_are_found")
@Says(
    of = CancellableProcess.class,
    value = {
      "those that had detached themselves before are not found",
      "descendants that had lost their parent before the process was ended are not found"
    },
    by =
        "CancellableProcessTest.without_a_mark_those_that_detached_themselves_before_are_not_found")
@Says(
    of = CancellableProcess.class,
    value = "The thread that waits, not the one that cancels, asks, waits for the grace, and kills",
    by = "CancellableProcessTest.promise19_descendants_that_ignore_the_request_are_killed")
@Says(
    of = CancellableProcess.class,
    value = "All methods may be called from any thread",
    by =
        "EndByCancellationTest.promise16_a_process_that_was_ended_has_no_exit_code_for_those_cancelled")
@Says(
    of = CancellableProcess.class,
    value = {"it is as before afterwards", "if that is not possible"},
    by = "OfProcesses.the_builder_is_as_before_whether_or_not_it_can_be_started")
@Says(
    of = CancellableProcess.class,
    value = {"what may end it", "what may end the wait and the process"},
    by = {
      "CancellableProcessTest.promise19_a_cancelled_process_takes_its_descendants_along",
      "EndByCancellationTest.promise16_a_process_that_was_run"
    })
@Says(
    of = CancellableProcess.class,
    value = "What it redirects is not collected",
    by = "CancellableProcessTest.a_process_is_fed_and_its_output_collected")
@Says(
    of = CancellableProcess.class,
    value = "A write knows no token: it blocks if the process does not read",
    by = "CancellableProcessTest.a_write_to_its_input_is_not_ended")
@Says(
    of = CancellableProcess.class,
    value = "If it has ended by itself, its descendants are left alone",
    by = "OfProcesses.if_it_has_ended_by_itself_its_descendants_are_left_alone")
@Says(
    of = CancellableProcess.class,
    value = "and the process had not ended by itself by then",
    by = "EndByCancellationTest.completion_beats_cancellation")
@Says(
    of = CancellableSocketChannel.class,
    value =
        "A token that is cancelled already ends it before anything is read or written, even if it"
            + " would not have had to wait",
    by =
        "OfConnections.a_token_that_is_cancelled_already_ends_a_call_before_anything_is_read_or_written")
@Says(
    of = CancellableSocketChannel.class,
    value =
        "A cancelled read has read nothing, and never gives an end of the stream that the"
            + " cancellation has made",
    by = "ChannelEndTest.promise16_the_end_of_a_channel")
@Says(
    of = CancellableSocketChannel.class,
    value = "everything else is as after one",
    by = {
      "OfConnections.a_cancelled_write_says_how_many_bytes_it_has_handed_over",
      "OfConnections.when_a_deadline_passes_that_is_no_cancellation_and_all_is_as_before"
    })
@Says(
    of = CancellableSocketChannel.class,
    value = "An interrupt does not close the connection either",
    by = "OfConnections.an_interrupt_ends_what_has_to_wait_stays_and_closes_nothing")
@Says(
    of = CancellableSocketChannel.class,
    value = "One thread may read while another writes, and any thread may close or cancel",
    by = {
      "OfConnections.who_waits_when_it_is_closed_gets_an_AsynchronousCloseException",
      "ReadinessTest.all_who_wait_for_one_connection_get_it"
    })
@Says(
    of = CancellableSocketChannel.class,
    value = {"a new TCP channel, not connected", "a new channel, not connected"},
    by = "ArgumentsTest.what_is_not_connected_says_so_and_does_not_wait")
@Says(
    of = CancellableSocketChannel.class,
    value = "what may end the wait",
    by =
        "ChannelLawsTest.promise19_a_cancelled_call_says_why_and_the_next_one_gets_what_it_would_have_got")
@Says(
    of = CancellableSocketChannel.class,
    value = "Close this channel rather than that one",
    by = "ReadinessTest.closed_behind_our_back_they_learn_of_it_when_this_is_closed_too")
@Says(
    of = CancellableSocketChannel.class,
    value = "one after the other",
    by = {
      "ChannelEndTest.promise16_the_end_of_a_channel_that_scatters",
      "OfConnections.a_null_among_the_buffers_is_named_and_nothing_has_been_written"
    })
@Says(
    of = CancellableSocketChannel.class,
    value = "its position is after those that were handed over, however this ends",
    by = "OfConnections.a_cancelled_write_says_how_many_bytes_it_has_handed_over")
@Says(
    of = ProcessesSurvivedException.class,
    value = "Says that processes could not be killed",
    by = "CancellableProcessTest.survivors_are_named")
@Says(
    of = CancellableServerSocketChannel.class,
    value = {"Several threads may accept at a time", "what may end the wait"},
    by = {
      "OfTheOtherChannels.a_cancelled_accept_loses_no_connection",
      "ReadinessTest.all_who_wait_for_one_connection_get_it"
    })
@Says(
    of = CancellableServerSocketChannel.class,
    value = {
      "whose port may be 0 for any that is free",
      "how many connections may wait to be accepted",
      "Close this channel rather than that one"
    },
    by = {
      "OfTheOtherChannels.a_cancelled_accept_loses_no_connection",
      "ReadinessTest.closed_behind_our_back_they_learn_of_it_when_this_is_closed_too"
    })
@Says(
    of = CancellableServerSocketFactory.class,
    value = "a factory of this kind, and not the JDK's",
    by = "SocketFaceTest.the_default_factories_are_ours")
@Says(
    of = DirectoryWatch.class,
    value = "A directory's own directories are not watched with it",
    by = "DirectoryWatchTest.what_happens_further_down_is_not_told")
@Says(
    of = DirectoryWatch.class,
    value = {"All methods may be called from any thread", "What was not taken is lost"},
    by = "OfWatches.once_it_is_closed_methods_throw_and_who_waits_too")
@Says(
    of = DirectoryWatch.class,
    value = "what may end the wait",
    by = "DirectoryWatchTest.promise20_a_cancelled_wait_loses_nothing")
@Says(
    of = DirectoryWatch.Kind.class,
    value = "The directory is not watched any more: it is gone, or cannot be reached",
    by = "DirectoryWatchTest.several_directories_and_their_loss_are_told")
@Says(
    of = DirectoryWatch.Change.class,
    value = "the directory alone for",
    by = "OfWatches.a_change_has_all_its_parts")
@Says(
    of = ProcessReport.class,
    value = {
      "all that were alive, the process itself first if it was, parents before their children",
      "those among them that did not end when asked, or were not asked"
    },
    by = {
      "CancellableProcessTest.promise19_descendants_that_ignore_the_request_are_killed",
      "CancellableProcessTest.without_grace_nobody_is_asked"
    })
@Says(
    of = TransferProgress.class,
    value = {
      "empty if that was not known",
      "A source that has grown since may give more",
      "empty if the total is not known"
    },
    by = "OfFiles.a_fraction_is_from_zero_to_one")
@Says(
    of = TransferOption.class,
    value = {"The token is asked between two such chunks", "If not told otherwise, 128 KiB"},
    by = {
      "CancellableFilesTest.one_big_write_is_cut_into_chunks",
      "CancellableFilesTest.a_cancelled_copy_leaves_the_old_target_and_says_how_far_it_was"
    })
@Says(
    of = TransferOption.class,
    value = "if that is not positive",
    by = "OfFiles.options_are_checked_before_anything_happens")
@Says(
    of = TransferOption.class,
    value = {
      "ten times a second at most",
      "before the first byte, then after a chunk if interval has passed since the last call, and"
          + " when all bytes are there",
      "zero for a call after each chunk"
    },
    by = {
      "CancellableFilesTest.progress_is_throttled_and_complete",
      "OfFiles.a_listener_is_told_before_the_first_byte_after_a_chunk_and_when_all_are_there"
    })
@Says(
    of = TransferOption.class,
    value = "may cancel the transfer's source",
    by = "CancellableFilesTest.a_cancelled_copy_leaves_the_old_target_and_says_how_far_it_was")
@Says(
    of = TransferOption.class,
    value = "have the bytes, and then the name, written to the device before the call returns",
    by = "FailingFilesTest.whole_or_not_at_all_whichever_step_fails")
@Says(
    of = CancellableFiles.class,
    value = "The token is asked between two chunks, of 128 KiB if not told otherwise",
    by = "CancellableFilesTest.one_big_write_is_cut_into_chunks")
@Says(
    of = CancellableFiles.class,
    value =
        "A read or write of the operating system that hangs, as on a network drive that is gone, is"
            + " not ended",
    by = {
      "CancellableFilesTest.a_read_that_hangs_in_the_system_is_not_ended",
      "CancellableFilesTest.a_write_that_hangs_in_the_system_goes_on_to_the_end_of_the_chunk"
    })
@Says(
    of = CancellableFiles.class,
    value = {
      "Files whose reads may wait, such as FIFOs and devices",
      "but files whose reads may wait are read"
    },
    by = {
      "CancellableFilesTest.a_copy_that_waits_for_a_fifo_ends",
      "OfFiles.everything_runs_on_the_calling_thread_and_content_under_the_token"
    })
@Says(
    of = CancellableFiles.class,
    value = "the token is asked a last time",
    by = "OfFiles.the_token_is_asked_a_last_time_before_the_file_takes_its_name")
@Says(
    of = CancellableFiles.class,
    value = "what may end it",
    by = "CancellableFilesTest.a_cancelled_copy_leaves_the_old_target_and_says_how_far_it_was")
@Says(
    of = CancellableFiles.class,
    value = "what to copy: not a directory",
    by = "CancellableFilesTest.a_directory_is_neither_copied_nor_replaced")
@Says(
    of = CancellableFiles.class,
    value = "to copy a symbolic link and not what it leads to",
    by =
        "OfFiles.a_symbolic_link_is_replaced_by_a_copy_followed_by_a_write_and_copied_if_so_wished")
@Says(
    of = CancellableFiles.class,
    value = "if there is a target that is not to be replaced",
    by = "CancellableFilesTest.an_existing_target_is_replaced_only_if_asked")
@Says(
    of = CancellableFiles.class,
    value = "stays open, and keeps what was written before a cancellation",
    by = "OfFiles.streams_stay_open_and_keep_what_was_written")
@Says(
    of = CancellableFiles.class,
    value = {"if reading fails, or it is not UTF-8", "if it is not so encoded"},
    by = "OfFiles.text_that_is_not_so_encoded_fails_and_touches_nothing")
@Says(
    of = CancellableFiles.class,
    value = "what the content may throw beside an IOException",
    by = "CancellableFilesTest.what_the_content_throws_comes_through_as_it_is")
@Says(
    of = CancellableFiles.class,
    value = "CREATE_NEW fails if it exists",
    by = "OfFiles.a_write_creates_or_replaces_unless_told_otherwise")
@Says(
    of = CancellableFiles.class,
    value = {
      "the paths of a tree, each directory before what is in it",
      "The token is asked before each path is handed on",
      "0 for start alone"
    },
    by = {
      "OfFiles.a_walk_asks_before_each_path",
      "CancellableFilesTest.a_walk_ends_between_two_paths"
    })
@Says(
    of = CancellableFiles.class,
    value = "and asks the token before each call of the visitor",
    by = "CancellableFilesTest.a_visit_ends_between_two_calls")
@Says(
    of = CancellableFiles.Content.class,
    value = "such as what a query does",
    by = "CancellableFilesTest.what_the_content_throws_comes_through_as_it_is")
@Says(
    of = CancellableFiles.Content.class,
    value = "It may be closed or not",
    by = "CancellableFilesTest.write_creates_and_replaces_and_keeps_permissions")
@Says(
    of = CancellableFiles.Content.class,
    value = "makes the file as if it had never been begun",
    by = "FailingFilesTest.whole_or_not_at_all_whichever_step_fails")
@Says(
    of = CancellableSocketFactory.class,
    value = "TLS can after a cancelled read, not after a cancelled write",
    by = {
      "TlsTest.promise19_a_cancelled_read_leaves_the_session_whole",
      "TlsTest.a_cancelled_write_ends_the_session"
    })
@Says(
    of = CancellableSocketFactory.class,
    value = "Urgent data is not supported",
    by = "SocketFaceTest.options_by_name_and_only_those_that_are_supported")
@Says(
    of = CancellableSocketFactory.class,
    value = "a factory of this kind, and not the JDK's",
    by = "SocketFaceTest.the_default_factories_are_ours")
@Says(
    of = ProcessEnding.class,
    value = "in order to clean up, is left alone as long as the one that started it lives",
    by = "CancellableProcessTest.what_it_starts_to_clean_up_is_let_alone")
@Says(
    of = ProcessEnding.class,
    value = {"no grace: kill at once", "zero kills at once, without asking"},
    by = "CancellableProcessTest.without_grace_nobody_is_asked")
@Says(
    of = ProcessEnding.class,
    value = "how long they may take after they were asked",
    by = "CancellableProcessTest.promise19_descendants_that_ignore_the_request_are_killed")
@Says(
    of = ProcessEnding.class,
    value = "how long to wait for those that were killed, before they are reported as survivors",
    by = "CancellableProcessTest.survivors_are_named")
@Says(
    of = CancellableDatagramChannel.class,
    value = "That a send which waits ends is not proven by a test",
    advice = true)
@Says(
    of = CancellableInputStream.class,
    value = "Give a source to one such stream only",
    advice = true)
@Says(of = CancellableProcess.class, value = "read its output here, not there", advice = true)
@Says(
    of = CancellableSocketChannel.class,
    value = "A channel that is forgotten and not closed is kept",
    advice = true)
@Says(
    of = TransferOption.class,
    value = {
      "Slow: some milliseconds and more, and not ended by a cancellation",
      "The name is best effort: not every system can"
    },
    advice = true)
@Says(of = TransferOption.Sync.class, value = "The only one", advice = true)
@Says(
    of = CancellableDatagramChannel.class,
    value = "receives from, and sends to, that address alone",
    by = "ArgumentsTest.who_is_connected_receives_from_that_address_and_sends_to_it_alone")
@ExtendWith(Hygiene.class)
@Timeout(60)
@SuppressWarnings({"NullAway", "try"}) // nulls are refused by name; closing twice is closing once
class IoContractTest {
  private static final CancellationToken NONE = CancellationToken.none();
  private static final CancellationToken CANCELLED =
      CancellationToken.cancelled(CancellationReason.requested("closed"));
  private static final Deadline SOON = Deadline.after(Duration.ZERO);

  @TempDir private Path directory;

  // ---- how claims are checked

  private static void refusesNull(String name, Executable call) {
    assertEquals(name, assertThrows(NullPointerException.class, call).getMessage());
  }

  private static void refuses(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  private static CancelledIOException isCancelled(Executable call) {
    return assertThrows(CancelledIOException.class, call);
  }

  /** A call on a thread of its own. */
  private record Call<T>(Thread thread, FutureTask<T> task) {
    static <T> Call<T> start(boolean virtual, Callable<T> body) {
      var task = new FutureTask<>(body);
      return new Call<>(
          virtual ? Thread.startVirtualThread(task) : Thread.ofPlatform().daemon().start(task),
          task);
    }

    /** Comes back when it waits; a platform thread waits for a channel in the system. */
    static <T> Call<T> waiting(boolean virtual, Callable<T> body) {
      Call<T> call = start(virtual, body);
      await()
          .pollInterval(Duration.ofMillis(1))
          .until(
              () ->
                  Set.of(Thread.State.WAITING, Thread.State.TIMED_WAITING)
                          .contains(call.thread.getState())
                      || Arrays.stream(call.thread.getStackTrace())
                          .anyMatch(at -> at.getMethodName().equals("doSelect")));
      return call;
    }

    T get() throws Exception {
      return task.get(20, TimeUnit.SECONDS);
    }

    Throwable failure() {
      return Objects.requireNonNull(
          assertThrows(ExecutionException.class, () -> task.get(20, TimeUnit.SECONDS)).getCause());
    }
  }

  /** Whether this throws, with an interrupt that stays. */
  private static void isInterrupted(Executable call) {
    Thread.currentThread().interrupt();
    var e = assertThrows(InterruptedIOException.class, call);
    assertTrue(Thread.interrupted());
    assertFalse(e instanceof CancelledIOException);
  }

  private List<Path> files() throws IOException {
    try (var all = Files.list(directory)) {
      return all.sorted().toList();
    }
  }

  private Path file(String name, String content) throws IOException {
    return Files.writeString(directory.resolve(name), content);
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private static ByteBuffer one() {
    return ByteBuffer.wrap(new byte[] {7});
  }

  private static long descriptors() throws IOException {
    try (var all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }

  /** How many more than {@code before} there are, when a loop has let go of what was closed. */
  private static long atMost(long before) throws IOException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
    long more = descriptors() - before;
    while (more > 0 && System.nanoTime() < end) {
      Thread.onSpinWait();
      more = descriptors() - before;
    }
    return more;
  }

  /** A connection and its other end. */
  private record Connection(CancellableSocketChannel mine, SocketChannel other)
      implements AutoCloseable {
    static Connection open() throws IOException {
      try (ServerSocketChannel server = ServerSocketChannel.open().bind(loopback())) {
        return new Connection(
            CancellableSocketChannel.open(Cancellation.current(), server.getLocalAddress()),
            server.accept());
      }
    }

    @Override
    public void close() throws IOException {
      mine.close();
      other.close();
    }
  }

  /** CancellableSocketChannel, and what the others say is said there. */
  @Nested
  class OfConnections {
    @Test
    void a_token_that_is_cancelled_already_ends_a_call_before_anything_is_read_or_written()
        throws Exception {
      try (var connection = Connection.open()) {
        connection.other.write(one());
        ByteBuffer buffer = ByteBuffer.allocate(1);
        isCancelled(() -> connection.mine.read(CANCELLED, buffer));
        isCancelled(() -> connection.mine.read(CANCELLED, new ByteBuffer[] {buffer}));
        assertEquals(
            0, isCancelled(() -> connection.mine.write(CANCELLED, one())).bytesTransferred);
        isCancelled(() -> connection.mine.write(CANCELLED, new ByteBuffer[] {one()}));
        isCancelled(() -> connection.mine.connect(CANCELLED, loopback()));
        assertEquals(1, connection.mine.read(NONE, buffer));
        connection.mine.shutdownOutput();
        assertEquals(-1, connection.other.read(ByteBuffer.allocate(1)));
      }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_cancelled_write_says_how_many_bytes_it_has_handed_over(boolean virtual)
        throws Exception {
      try (var connection = Connection.open();
          var source = CancellationSource.create()) {
        ByteBuffer much = ByteBuffer.allocate(20_000_000);
        var call = Call.waiting(virtual, () -> connection.mine.write(source.token(), much));
        source.cancel();
        var e = assertInstanceOf(CancelledIOException.class, call.failure());
        assertEquals(much.position(), e.bytesTransferred);
        assertTrue(much.hasRemaining());
      }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void when_a_deadline_passes_that_is_no_cancellation_and_all_is_as_before(boolean virtual)
        throws Exception {
      try (var connection = Connection.open()) {
        Deadline soon = Deadline.after(Duration.ofMillis(5));
        var call =
            Call.start(virtual, () -> connection.mine.read(NONE, ByteBuffer.allocate(1), soon));
        assertInstanceOf(SocketTimeoutException.class, call.failure());
        connection.other.write(one());
        ByteBuffer buffer = ByteBuffer.allocate(1);
        assertEquals(1, connection.mine.read(NONE, buffer));
        connection.other.write(one());
        await().until(() -> connection.mine.inputStream().available() == 1);
        assertEquals(1, connection.mine.read(NONE, buffer.clear(), SOON)); // need not wait
      }
    }

    @Test
    void an_interrupt_ends_what_has_to_wait_stays_and_closes_nothing() throws Exception {
      try (var connection = Connection.open()) {
        isInterrupted(() -> connection.mine.read(NONE, ByteBuffer.allocate(1)));
        connection.other.write(one());
        await().until(() -> connection.mine.inputStream().available() == 1);
        Thread.currentThread().interrupt();
        assertEquals(1, connection.mine.read(NONE, ByteBuffer.allocate(1)));
        assertTrue(Thread.interrupted());
        assertTrue(connection.mine.isOpen());
      }
    }

    @Test
    void a_platform_thread_takes_two_descriptors_for_a_direction_and_a_virtual_one_none()
        throws Exception {
      // Others may open and close theirs meanwhile: once it must come out even.
      await().until(() -> differences().equals(List.of(0L, 2L, 2L, 0L)));
    }

    /** After a wait on a virtual thread, one and another on platform threads, and a close. */
    private List<Long> differences() throws Exception {
      long none = descriptors();
      long before;
      var found = new ArrayList<Long>();
      try (var connection = Connection.open()) {
        before = descriptors();
        Callable<Integer> read =
            () ->
                connection.mine.read(
                    NONE, ByteBuffer.allocate(1), Deadline.after(Duration.ofMillis(1)));
        for (boolean virtual : new boolean[] {true, false, false}) {
          Call.start(virtual, read).failure();
          found.add(descriptors() - before);
        }
      }
      found.add(Math.max(0, atMost(none)));
      return found;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void who_waits_when_it_is_closed_gets_an_AsynchronousCloseException(boolean virtual)
        throws Exception {
      try (var connection = Connection.open()) {
        var call = Call.waiting(virtual, () -> connection.mine.read(NONE, ByteBuffer.allocate(1)));
        connection.mine.close();
        connection.mine.close(); // twice is once
        assertInstanceOf(AsynchronousCloseException.class, call.failure());
        assertThrows(
            ClosedChannelException.class, () -> connection.mine.read(NONE, ByteBuffer.allocate(1)));
        assertThrows(ClosedChannelException.class, connection.mine::localAddress);
        assertThrows(ClosedChannelException.class, connection.mine::remoteAddress);
      }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shutdownInput_ends_the_reads_that_wait(boolean virtual) throws Exception {
      try (var connection = Connection.open()) {
        var call = Call.waiting(virtual, () -> connection.mine.read(NONE, ByteBuffer.allocate(1)));
        connection.mine.shutdownInput();
        assertEquals(-1, call.get());
        assertEquals(-1, connection.mine.read(NONE, ByteBuffer.allocate(1)));
      }
    }

    @Test
    void a_full_buffer_reads_nothing_and_does_not_wait() throws Exception {
      try (var connection = Connection.open()) {
        assertEquals(0, connection.mine.read(NONE, ByteBuffer.allocate(0)));
        assertEquals(0, connection.mine.write(NONE, ByteBuffer.allocate(0)));
      }
    }

    @Test
    void a_null_among_the_buffers_is_named_and_nothing_has_been_written() throws Exception {
      try (var connection = Connection.open()) {
        ByteBuffer much = ByteBuffer.allocate(200_000);
        refusesNull("sources[1]", () -> connection.mine.write(NONE, new ByteBuffer[] {much, null}));
        assertEquals(0, much.position());
        refusesNull("destinations[1]", () -> connection.mine.read(new ByteBuffer[] {one(), null}));
        refusesNull("sources", () -> connection.mine.write(NONE, (ByteBuffer[]) null));
        refusesNull("remote", () -> connection.mine.connect(Cancellation.current(), null));
        refusesNull("deadline", () -> connection.mine.read(NONE, one(), null));
        refusesNull("deadline", () -> connection.mine.write(NONE, one(), null));
        refusesNull("deadline", () -> connection.mine.connect(NONE, loopback(), null));
      }
    }

    @Test
    void of_takes_open_channels_of_the_default_provider_alone() throws Exception {
      try (var closed = SocketChannel.open()) {
        closed.close();
        assertThrows(IOException.class, () -> CancellableSocketChannel.of(closed));
      }
      try (var made = SocketChannel.open()) {
        assertSame(made, CancellableSocketChannel.of(made).channel());
        assertFalse(made.isBlocking());
      }
    }

    @Test
    void open_that_fails_leaves_nothing_open() throws Exception {
      long before = descriptors();
      SocketAddressOfNobody nobody = new SocketAddressOfNobody();
      assertThrows(
          IOException.class,
          () -> CancellableSocketChannel.open(Cancellation.current(), nobody.address));
      isCancelled(() -> CancellableSocketChannel.open(CANCELLED, nobody.address));
      assertThrows(
          IOException.class,
          () ->
              CancellableSocketChannel.open(
                  NONE, UnixDomainSocketAddress.of(directory.resolve("nobody"))));
      await().until(() -> descriptors() <= before);
    }

    @Test
    void a_connect_that_fails_closes_the_channel() throws Exception {
      try (var mine = CancellableSocketChannel.open()) {
        assertNull(mine.remoteAddress());
        assertNull(mine.localAddress());
        assertFalse(mine.channel().isConnected());
        assertThrows(NotYetConnectedException.class, mine::shutdownOutput);
        assertThrows(NotYetConnectedException.class, mine::shutdownInput);
        assertThrows(
            IOException.class, () -> mine.connect(NONE, new SocketAddressOfNobody().address));
        assertFalse(mine.isOpen());
      }
    }

    @Test
    void its_streams_obey_the_current_token_of_each_call() throws Exception {
      try (var connection = Connection.open()) {
        InputStream in = connection.mine.inputStream();
        isCancelled(() -> Cancellation.call(CANCELLED, () -> in.read()));
        isCancelled(
            () ->
                Cancellation.call(
                    CANCELLED,
                    () -> {
                      connection.mine.outputStream().write(1);
                      return 0;
                    }));
        connection.other.write(one());
        assertEquals(7, in.read());
        refusesNull("bytes", () -> in.read(null, 0, 1));
        refusesNull("bytes", () -> connection.mine.outputStream().write(null, 0, 1));
        in.close();
        assertFalse(connection.mine.isOpen());
      }
    }

    @Test
    void a_cancelled_connect_is_still_under_way_and_can_be_waited_for() throws Exception {
      try (ServerSocketChannel server = ServerSocketChannel.open().bind(loopback());
          var mine = CancellableSocketChannel.open()) {
        isCancelled(() -> mine.connect(CANCELLED, server.getLocalAddress()));
        mine.connect(NONE, server.getLocalAddress());
        assertTrue(mine.channel().isConnected());
      }
    }
  }

  /** An address at which nobody listens. */
  private static final class SocketAddressOfNobody {
    final InetSocketAddress address;

    SocketAddressOfNobody() throws IOException {
      try (ServerSocketChannel server = ServerSocketChannel.open().bind(loopback())) {
        address = (InetSocketAddress) server.getLocalAddress();
      }
    }
  }

  /** CancellableServerSocketChannel, CancellableDatagramChannel, CancellablePipe, the factories. */
  @Nested
  class OfTheOtherChannels {
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_cancelled_accept_loses_no_connection(boolean virtual) throws Exception {
      try (var server = CancellableServerSocketChannel.open(loopback());
          var source = CancellationSource.create()) {
        var call = Call.waiting(virtual, () -> server.accept(source.token()));
        source.cancel();
        assertInstanceOf(CancelledIOException.class, call.failure());
        try (SocketChannel client = SocketChannel.open(server.localAddress())) {
          isCancelled(() -> server.accept(source.token()));
          try (var accepted = server.accept(NONE)) {
            assertEquals(client.getLocalAddress(), accepted.remoteAddress());
          }
        }
        assertThrows(SocketTimeoutException.class, () -> server.accept(NONE, SOON));
        refusesNull("deadline", () -> server.accept(NONE, null));
      }
    }

    @Test
    void an_address_that_cannot_be_had_leaves_nothing_open() throws Exception {
      try (var server = CancellableServerSocketChannel.open(loopback(), 0);
          var datagrams = CancellableDatagramChannel.open(loopback())) {
        long before = descriptors();
        assertThrows(
            IOException.class, () -> CancellableServerSocketChannel.open(server.localAddress()));
        assertThrows(
            IOException.class, () -> CancellableDatagramChannel.open(datagrams.localAddress()));
        await().until(() -> descriptors() <= before);
      }
    }

    @Test
    void a_datagram_is_dropped_beyond_the_buffer_and_none_is_taken_by_a_cancelled_call()
        throws Exception {
      try (var mine = CancellableDatagramChannel.open(loopback());
          DatagramChannel other = DatagramChannel.open().bind(loopback())) {
        other.send(ByteBuffer.wrap(new byte[] {1, 2, 3}), mine.localAddress());
        other.send(ByteBuffer.wrap(new byte[] {4}), mine.localAddress());
        isCancelled(() -> mine.receive(CANCELLED, ByteBuffer.allocate(1)));
        ByteBuffer buffer = ByteBuffer.allocate(1);
        assertEquals(other.getLocalAddress(), mine.receive(NONE, buffer));
        assertEquals(1, buffer.get(0));
        mine.receive(NONE, buffer.clear());
        assertEquals(4, buffer.get(0));
        assertThrows(SocketTimeoutException.class, () -> mine.receive(NONE, buffer.clear(), SOON));
        isCancelled(() -> mine.send(CANCELLED, one(), other.getLocalAddress()));
        other.configureBlocking(false);
        assertNull(other.receive(ByteBuffer.allocate(1)));
        refusesNull("deadline", () -> mine.receive(NONE, buffer, null));
      }
    }

    @Test
    void a_pipe_ends_when_its_other_end_is_closed() throws Exception {
      try (var pipe = CancellablePipe.open()) {
        pipe.sink().write(NONE, one());
        pipe.sink().close();
        assertEquals(1, pipe.source().read(NONE, ByteBuffer.allocate(2)));
        assertEquals(-1, pipe.source().read(NONE, ByteBuffer.allocate(2)));
      }
      try (var pipe = CancellablePipe.open()) {
        pipe.source().close();
        assertThrows(IOException.class, () -> pipe.sink().write(NONE, one()));
        pipe.close();
        pipe.close();
        assertFalse(pipe.sink().isOpen());
      }
    }

    @Test
    void a_null_among_the_buffers_of_a_pipe_is_named() throws Exception {
      try (var pipe = CancellablePipe.open()) {
        refusesNull("sources[0]", () -> pipe.sink().write(NONE, new ByteBuffer[] {null}));
        refusesNull("destinations[0]", () -> pipe.source().read(NONE, new ByteBuffer[] {null}));
      }
    }

    @Test
    void a_socket_of_the_factory_obeys_the_current_token_and_stays_usable() throws Exception {
      try (var server = new CancellableServerSocketFactory().createServerSocket(0);
          var socket =
              CancellableSocketFactory.getDefault()
                  .createSocket(InetAddress.getLoopbackAddress(), server.getLocalPort());
          var accepted = server.accept()) {
        isCancelled(() -> Cancellation.call(CANCELLED, () -> socket.getInputStream().read()));
        isCancelled(() -> Cancellation.call(CANCELLED, server::accept));
        accepted.getOutputStream().write(7);
        assertEquals(7, socket.getInputStream().read());
        socket.setSoTimeout(5);
        assertThrows(SocketTimeoutException.class, () -> socket.getInputStream().read());
        assertThrows(SocketException.class, () -> socket.sendUrgentData(1));
        isInterrupted(
            () -> {
              socket.setSoTimeout(0);
              int _ = socket.getInputStream().read();
            });
      }
    }

    @Test
    void a_cancelled_connect_closes_the_socket() throws Exception {
      try (var server = new CancellableServerSocketFactory().createServerSocket(0);
          var socket = new CancellableSocketFactory().createSocket()) {
        isCancelled(
            () ->
                Cancellation.call(
                    CANCELLED,
                    () -> {
                      socket.connect(server.getLocalSocketAddress());
                      return 0;
                    }));
        assertTrue(socket.isClosed());
      }
    }
  }

  /** CancellableInputStream. */
  @Nested
  class OfStreams {
    /** A source that counts what is asked of it. */
    private static final class Source extends ByteArrayInputStream {
      final AtomicInteger reads = new AtomicInteger();
      final CountDownLatch closed = new CountDownLatch(1);

      Source(String text) {
        super(text.getBytes(UTF_8));
      }

      @Override
      public synchronized int read(byte[] bytes, int offset, int length) {
        reads.incrementAndGet();
        return super.read(bytes, offset, length);
      }

      @Override
      public void close() {
        closed.countDown();
      }
    }

    private long pumps() {
      return Thread.getAllStackTraces().keySet().stream()
          .filter(each -> each.getName().startsWith("desist-pump-Source"))
          .count();
    }

    @Test
    void nothing_is_read_and_no_thread_started_before_the_first_read() throws Exception {
      var source = new Source("ab");
      try (var in = CancellableInputStream.pumping(source)) {
        assertEquals(0, in.available());
        isCancelled(() -> in.read(CANCELLED));
        assertEquals(0, source.reads.get());
        assertEquals(0, pumps());
        assertEquals('a', in.read(NONE));
        assertTrue(source.reads.get() > 0);
      }
      await().until(() -> pumps() == 0);
    }

    @Test
    void a_cancelled_token_ends_a_read_even_if_there_are_bytes_or_none_are_wanted()
        throws Exception {
      try (var in = CancellableInputStream.pumping(new Source("abc"))) {
        assertEquals('a', in.read(NONE));
        isCancelled(() -> in.read(CANCELLED));
        isCancelled(() -> in.read(CANCELLED, new byte[0]));
        isCancelled(() -> in.readNBytes(CANCELLED, 0));
        isCancelled(() -> in.readNBytes(CANCELLED, 2));
        isCancelled(() -> in.readAllBytes(CANCELLED));
        assertEquals("bc", new String(in.readAllBytes(NONE), UTF_8));
      }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void what_reads_many_times_puts_back_what_it_had(boolean interrupt) throws Exception {
      try (var pipe = CancellablePipe.open();
          var in =
              CancellableInputStream.pumping(
                  java.nio.channels.Channels.newInputStream(pipe.source()));
          var source = CancellationSource.create()) {
        pipe.sink().write(NONE, ByteBuffer.wrap("half".getBytes(UTF_8)));
        var call = Call.waiting(false, () -> in.readAllBytes(source.token()));
        await().until(() -> in.available() == 0);
        if (interrupt) {
          call.thread.interrupt();
          assertInstanceOf(InterruptedIOException.class, call.failure());
        } else {
          source.cancel();
          assertInstanceOf(CancelledIOException.class, call.failure());
        }
        pipe.sink().write(NONE, ByteBuffer.wrap(" whole".getBytes(UTF_8)));
        pipe.sink().close();
        assertEquals("half whole", new String(in.readAllBytes(NONE), UTF_8));
      }
    }

    /** However much was put back, reading it is not quadratic, and several keep their order. */
    @Test
    void much_that_was_put_back_comes_first_and_in_order() throws Exception {
      byte[] much = new byte[3_000_000];
      for (int i = 0; i < much.length; i++) {
        much[i] = (byte) (i * 31 + (i >> 8));
      }
      var fails = new AtomicInteger(2);
      var source =
          new ByteArrayInputStream(much) {
            @Override
            public synchronized int read(byte[] bytes, int offset, int length) {
              if (available() == 0 && fails.getAndDecrement() > 0) {
                throw new IllegalStateException("once more");
              }
              return super.read(bytes, offset, length);
            }
          };
      try (var in = CancellableInputStream.pumping(source)) {
        assertThrows(IllegalStateException.class, () -> in.readAllBytes(NONE));
        assertThrows(IllegalStateException.class, () -> in.readAllBytes(NONE));
        assertEquals(much.length, in.available());
        byte[] begin = in.readNBytes(NONE, 10);
        assertArrayEquals(Arrays.copyOf(much, 10), begin);
        assertArrayEquals(Arrays.copyOfRange(much, 10, much.length), in.readAllBytes(NONE));
      }
    }

    @Test
    void the_end_and_a_failure_reach_one_reader_after_the_bytes_before_them() throws Exception {
      var answers = new ArrayList<>(List.of(1, -1, 1, -2, 1, -1));
      var source =
          new InputStream() {
            @Override
            public int read() {
              throw new AssertionError("not used");
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
              int answer = answers.isEmpty() ? -1 : answers.removeFirst();
              if (answer == -2) {
                throw new IOException("once");
              }
              return answer;
            }
          };
      try (var in = CancellableInputStream.pumping(source)) {
        assertEquals(0, in.read(NONE));
        assertEquals(-1, in.read(NONE));
        assertEquals(0, in.read(NONE));
        assertEquals("once", assertThrows(IOException.class, () -> in.read(NONE)).getMessage());
        assertEquals(0, in.read(NONE));
        assertEquals(0, in.skip(5)); // which does not take the end away from the next one
        assertEquals(-1, in.read(NONE));
      }
    }

    @Test
    void close_closes_the_source_and_throws_away_what_was_read_ahead() throws Exception {
      var source = new Source("abc");
      var in = CancellableInputStream.pumping(source);
      assertEquals('a', in.read(NONE));
      in.close();
      in.close();
      source.closed.await();
      assertThrows(AsynchronousCloseException.class, () -> in.read(NONE));
      assertEquals(0, in.available());
    }

    @Test
    void System_in_is_shared_and_stays_open() throws Exception {
      InputStream before = System.in;
      try {
        System.setIn(new Source("abc"));
        var first = CancellableInputStream.systemIn();
        var second = CancellableInputStream.pumping(System.in);
        assertEquals('a', first.read(NONE));
        first.close();
        assertThrows(AsynchronousCloseException.class, () -> first.read(NONE));
        assertEquals('b', second.read(NONE));
        assertEquals(1, ((Source) System.in).closed.getCount());
      } finally {
        System.setIn(before);
      }
    }

    @Test
    void a_stream_of_ours_is_not_pumped_again() {
      var in = CancellableInputStream.pumping(InputStream.nullInputStream());
      assertSame(in, CancellableInputStream.pumping(in));
    }

    @Test
    void arguments_are_checked_whatever_is_pumped() {
      refusesNull("source", () -> CancellableInputStream.pumping(null));
      refusesNull("path", () -> CancellableInputStream.open(null));
      var in = CancellableInputStream.pumping(InputStream.nullInputStream());
      for (InputStream each : new InputStream[] {InputStream.nullInputStream(), in, System.in}) {
        refuses("bufferSize must be positive: 0", () -> CancellableInputStream.pumping(each, 0));
      }
      refusesNull("token", () -> in.read((CancellationToken) null));
      refusesNull("bytes", () -> in.read(NONE, null));
      refuses("length must not be negative: -1", () -> in.readNBytes(NONE, -1));
      refusesNull("token", () -> in.readAllBytes(null));
      refusesNull("charset", () -> in.lines(null));
    }

    @Test
    void that_there_is_no_such_file_is_found_by_the_read() throws Exception {
      try (var in = CancellableInputStream.open(directory.resolve("none"))) {
        assertThrows(NoSuchFileException.class, () -> in.read(NONE));
        file("none", "x");
        assertEquals('x', in.read(NONE));
      }
    }

    @Test
    void the_forms_without_a_token_obey_the_current_one() throws Exception {
      try (var in = CancellableInputStream.pumping(new Source("abc"))) {
        isCancelled(() -> Cancellation.call(CANCELLED, () -> in.read()));
        isCancelled(() -> Cancellation.call(CANCELLED, () -> in.read(new byte[1])));
        isCancelled(() -> Cancellation.call(CANCELLED, in::readAllBytes));
        isCancelled(
            () -> Cancellation.call(CANCELLED, () -> in.transferTo(new ByteArrayOutputStream())));
        assertEquals(3, in.readAllBytes().length);
      }
    }
  }

  /** CancellableLineReader. */
  @Nested
  class OfLines {
    private CancellableLineReader lines(String text) {
      return CancellableLineReader.of(new ByteArrayInputStream(text.getBytes(UTF_8)), UTF_8);
    }

    @Test
    void a_line_ends_with_a_line_feed_a_carriage_return_both_or_the_stream() throws Exception {
      try (var lines = lines("a\nb\rc\r\n\nd")) {
        var found = new ArrayList<@Nullable String>();
        for (int i = 0; i < 6; i++) {
          found.add(lines.readLine(NONE));
        }
        assertEquals(Arrays.asList("a", "b", "c", "", "d", null), found);
      }
    }

    @Test
    void bytes_without_a_character_become_the_replacement() throws Exception {
      try (var lines =
          CancellableLineReader.of(
              new ByteArrayInputStream(new byte[] {'a', (byte) 0xff}), UTF_8)) {
        assertEquals("a\ufffd", lines.readLine(NONE));
      }
    }

    @Test
    void the_beginning_of_a_line_is_kept() throws Exception {
      try (var pipe = CancellablePipe.open();
          var source = CancellationSource.create();
          var lines =
              CancellableInputStream.pumping(
                      java.nio.channels.Channels.newInputStream(pipe.source()))
                  .lines(UTF_8)) {
        pipe.sink().write(NONE, ByteBuffer.wrap("be".getBytes(UTF_8)));
        var call = Call.waiting(true, () -> String.valueOf(lines.readLine(source.token())));
        source.cancel();
        assertInstanceOf(CancelledIOException.class, call.failure());
        pipe.sink().write(NONE, ByteBuffer.wrap("gun\n".getBytes(UTF_8)));
        isInterrupted(
            () -> {
              while (true) { // the line first, perhaps
                assertEquals("begun", lines.readLine(NONE));
              }
            });
      }
    }

    @Test
    void a_second_thread_is_refused() throws Exception {
      try (var pipe = CancellablePipe.open();
          var lines =
              CancellableInputStream.pumping(
                      java.nio.channels.Channels.newInputStream(pipe.source()))
                  .lines(UTF_8)) {
        var call = Call.waiting(false, () -> String.valueOf(lines.readLine(NONE)));
        assertThrows(IllegalStateException.class, () -> lines.readLine(NONE));
        lines.close(); // from any thread
        assertInstanceOf(AsynchronousCloseException.class, call.failure());
      }
    }

    @Test
    void nulls_are_named_and_a_cancelled_token_ends_what_need_not_wait() throws Exception {
      refusesNull("source", () -> CancellableLineReader.of(null, UTF_8));
      refusesNull("charset", () -> CancellableLineReader.of(InputStream.nullInputStream(), null));
      try (var lines = lines("a\nb\n")) {
        refusesNull("token", () -> lines.readLine(null));
        assertEquals("a", lines.readLine(NONE));
        isCancelled(() -> lines.readLine(CANCELLED));
        isCancelled(
            () -> Cancellation.call(CANCELLED, () -> lines.readLine(Cancellation.current())));
        assertEquals("b", lines.readLine(Cancellation.current()));
      }
    }
  }

  /** CancellableFiles and TransferOption. */
  @Nested
  class OfFiles {
    @Test
    void a_new_file_beside_the_target_begins_with_a_full_stop_and_ends_with_part()
        throws Exception {
      Path target = file("target", "old");
      var beside = new ArrayList<Path>();
      CancellableFiles.write(
          NONE,
          target,
          out -> {
            out.write('n');
            beside.addAll(files());
            assertEquals("old", Files.readString(target));
          });
      beside.remove(target);
      String name = String.valueOf(beside.getFirst().getFileName());
      assertEquals(1, beside.size());
      assertTrue(name.startsWith(".") && name.endsWith(".part"), name);
      assertEquals("n", Files.readString(target));
      assertEquals(List.of(target), files());
    }

    @Test
    void cancelled_or_failed_the_target_is_as_it_was_and_nothing_is_left() throws Exception {
      Path target = file("target", "old");
      Path source = file("source", "new");
      isCancelled(
          () ->
              CancellableFiles.copy(
                  CANCELLED, source, target, StandardCopyOption.REPLACE_EXISTING));
      isCancelled(() -> CancellableFiles.writeString(CANCELLED, target, "new"));
      var stop = CancellationSource.create();
      var e =
          isCancelled(
              () ->
                  CancellableFiles.copy(
                      stop.token(),
                      source,
                      target,
                      StandardCopyOption.REPLACE_EXISTING,
                      TransferOption.chunkSize(1),
                      TransferOption.progress(
                          progress -> {
                            if (progress.done() == 2) {
                              stop.cancel();
                            }
                          },
                          Duration.ZERO)));
      assertEquals(2, e.bytesTransferred);
      assertThrows(
          IllegalStateException.class,
          () ->
              CancellableFiles.write(
                  NONE,
                  target,
                  out -> {
                    out.write(1);
                    throw new IllegalStateException("failed");
                  }));
      assertEquals("old", Files.readString(target));
      assertEquals(List.of(source, target), files());
    }

    @Test
    void the_token_is_asked_a_last_time_before_the_file_takes_its_name() throws Exception {
      Path target = directory.resolve("target");
      var stop = CancellationSource.create();
      var option =
          TransferOption.progress(
              progress -> {
                if (progress.done() == 3) {
                  stop.cancel();
                }
              });
      isCancelled(() -> CancellableFiles.write(stop.token(), target, new byte[3], option));
      assertEquals(List.of(), files());
    }

    @Test
    void hard_links_to_a_file_that_was_replaced_keep_the_old_bytes() throws Exception {
      Path target = file("target", "old");
      Path link = Files.createLink(directory.resolve("link"), target);
      CancellableFiles.writeString(NONE, target, "new");
      assertEquals("old", Files.readString(link));
    }

    @Test
    void an_interrupt_neither_ends_a_call_nor_closes_anything_and_stays() throws Exception {
      Path source = file("source", "bytes");
      Path target = directory.resolve("target");
      Thread.currentThread().interrupt();
      CancellableFiles.copy(NONE, source, target, TransferOption.sync());
      assertTrue(Thread.interrupted());
      Thread.currentThread().interrupt();
      assertEquals("bytes", CancellableFiles.readString(NONE, target));
      CancellableFiles.writeString(NONE, target, "more");
      assertTrue(Thread.interrupted());
      assertEquals("more", Files.readString(target));
    }

    @Test
    void but_it_ends_a_wait_for_a_stream_of_this_package() throws Exception {
      try (var pipe = CancellablePipe.open();
          var in =
              CancellableInputStream.pumping(
                  java.nio.channels.Channels.newInputStream(pipe.source()))) {
        isInterrupted(() -> CancellableFiles.copy(NONE, in, directory.resolve("target")));
        assertEquals(List.of(), files());
      }
    }

    @Test
    void everything_runs_on_the_calling_thread_and_content_under_the_token() throws Exception {
      Thread me = Thread.currentThread();
      try (var source = CancellationSource.create()) {
        CancellableFiles.write(
            source.token(),
            directory.resolve("target"),
            out -> {
              assertSame(me, Thread.currentThread());
              assertSame(source.token(), Cancellation.current());
              out.write(1);
              out.flush();
              out.close();
              assertThrows(IOException.class, () -> out.write(1));
            },
            TransferOption.progress(_ -> assertSame(me, Thread.currentThread())));
      } catch (IOException e) {
        assertEquals("the stream was closed", e.getMessage()); // a write has failed
      }
    }

    @Test
    void if_a_write_has_failed_so_has_the_call() throws Exception {
      var stop = CancellationSource.create();
      isCancelled(
          () ->
              CancellableFiles.write(
                  stop.token(),
                  directory.resolve("target"),
                  out -> {
                    stop.cancel();
                    assertThrows(IOException.class, () -> out.write(new byte[0]));
                  }));
      assertEquals(List.of(), files());
    }

    @Test
    void a_file_is_copied_with_its_permissions_and_not_onto_itself() throws Exception {
      Path source = file("source", "bytes");
      Files.setPosixFilePermissions(source, PosixFilePermissions.fromString("r--------"));
      assertEquals(5, CancellableFiles.copy(NONE, source, directory.resolve("target")));
      assertEquals(
          "r--------",
          PosixFilePermissions.toString(
              Files.getPosixFilePermissions(directory.resolve("target"))));
      assertEquals(0, CancellableFiles.copy(NONE, source, source));
      assertThrows(
          FileSystemException.class,
          () -> CancellableFiles.copy(NONE, directory, directory.resolve("no")));
      assertThrows(
          FileAlreadyExistsException.class,
          () -> CancellableFiles.copy(NONE, source, directory.resolve("target")));
    }

    @Test
    void a_symbolic_link_is_replaced_by_a_copy_followed_by_a_write_and_copied_if_so_wished()
        throws Exception {
      Path source = file("source", "bytes");
      Path other = file("other", "other");
      Path link = Files.createSymbolicLink(directory.resolve("link"), other);
      CancellableFiles.copy(NONE, link, directory.resolve("copy"), LinkOption.NOFOLLOW_LINKS);
      assertEquals(other, Files.readSymbolicLink(directory.resolve("copy")));
      CancellableFiles.writeString(NONE, link, "through");
      assertEquals("through", Files.readString(other));
      CancellableFiles.copy(NONE, source, link, StandardCopyOption.REPLACE_EXISTING);
      assertFalse(Files.isSymbolicLink(link));
      assertEquals("through", Files.readString(other));
    }

    @Test
    void streams_stay_open_and_keep_what_was_written() throws Exception {
      Path source = file("source", "bytes");
      var closed = new AtomicInteger();
      var in =
          new ByteArrayInputStream(new byte[5]) {
            @Override
            public void close() {
              closed.incrementAndGet();
            }
          };
      assertEquals(5, CancellableFiles.copy(NONE, in, directory.resolve("target")));
      var out =
          new ByteArrayOutputStream() {
            @Override
            public void close() {
              closed.incrementAndGet();
            }
          };
      var stop = CancellationSource.create();
      isCancelled(
          () ->
              CancellableFiles.copy(
                  stop.token(),
                  source,
                  out,
                  TransferOption.chunkSize(2),
                  TransferOption.progress(p -> cancelAt(stop, p, 4), Duration.ZERO)));
      assertEquals("byte", out.toString(UTF_8));
      assertEquals(0, closed.get());
    }

    private void cancelAt(CancellationSource stop, TransferProgress progress, long when) {
      if (progress.done() == when) {
        stop.cancel();
      }
    }

    @Test
    void text_that_is_not_so_encoded_fails_and_touches_nothing() throws Exception {
      Path target = file("target", "ü");
      assertThrows(
          CharacterCodingException.class,
          () -> CancellableFiles.readString(NONE, target, US_ASCII));
      assertThrows(
          CharacterCodingException.class,
          () -> CancellableFiles.writeString(NONE, target, "ö", US_ASCII));
      assertEquals("ü", CancellableFiles.readString(NONE, target));
    }

    @Test
    void a_write_creates_or_replaces_unless_told_otherwise() throws Exception {
      Path target = directory.resolve("target");
      for (OpenOption must :
          new OpenOption[] {StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING}) {
        assertThrows(
            NoSuchFileException.class, () -> CancellableFiles.writeString(NONE, target, "x", must));
      }
      assertSame(target, CancellableFiles.writeString(NONE, target, "x", StandardOpenOption.SYNC));
      Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rw-rw-rw-"));
      CancellableFiles.writeString(NONE, target, "y");
      assertEquals(
          "rw-rw-rw-", PosixFilePermissions.toString(Files.getPosixFilePermissions(target)));
      assertThrows(
          FileAlreadyExistsException.class,
          () -> CancellableFiles.writeString(NONE, target, "z", StandardOpenOption.CREATE_NEW));
      assertThrows(
          UnsupportedOperationException.class,
          () -> CancellableFiles.writeString(NONE, target, "z", StandardOpenOption.APPEND));
      assertEquals("y", Files.readString(target));
    }

    @Test
    void options_are_checked_before_anything_happens() throws Exception {
      Path target = directory.resolve("target");
      assertThrows(
          UnsupportedOperationException.class,
          () ->
              CancellableFiles.copy(
                  CANCELLED, InputStream.nullInputStream(), target, LinkOption.NOFOLLOW_LINKS));
      refusesNull(
          "options[1]",
          () ->
              CancellableFiles.copy(
                  NONE, target, target, StandardCopyOption.REPLACE_EXISTING, null));
      refusesNull(
          "options[0]", () -> CancellableFiles.writeString(NONE, target, "x", (OpenOption) null));
      refusesNull(
          "options[0]", () -> CancellableFiles.readString(NONE, target, (TransferOption) null));
      refusesNull(
          "options", () -> CancellableFiles.readAllBytes(NONE, target, (TransferOption[]) null));
      refuses("bytes must be positive: 0", () -> TransferOption.chunkSize(0));
      refuses(
          "interval must not be negative: PT-1S",
          () -> TransferOption.progress(_ -> {}, Duration.ofSeconds(-1)));
      refusesNull("listener", () -> TransferOption.progress(null));
      refusesNull("interval", () -> TransferOption.progress(_ -> {}, null));
      assertEquals(List.of(), files());
    }

    @Test
    void nulls_are_named() {
      Path path = directory.resolve("x");
      refusesNull("token", () -> CancellableFiles.copy(null, path, path));
      refusesNull("source", () -> CancellableFiles.copy(NONE, (Path) null, path));
      refusesNull("target", () -> CancellableFiles.copy(NONE, path, (Path) null));
      refusesNull("source", () -> CancellableFiles.copy(NONE, (InputStream) null, path));
      refusesNull("bytes", () -> CancellableFiles.write(NONE, path, (byte[]) null));
      refusesNull("text", () -> CancellableFiles.writeString(NONE, path, null));
      refusesNull(
          "charset",
          () -> CancellableFiles.writeString(NONE, path, "", (java.nio.charset.Charset) null));
      refusesNull(
          "content",
          () -> CancellableFiles.write(NONE, path, (CancellableFiles.Content<Exception>) null));
      refusesNull(
          "charset",
          () -> CancellableFiles.readString(NONE, path, (java.nio.charset.Charset) null));
      refusesNull("start", () -> CancellableFiles.walk(NONE, null));
      refusesNull("options", () -> CancellableFiles.walkFileTree(NONE, path, null, 1, new All()));
      refusesNull("visitor", () -> CancellableFiles.walkFileTree(NONE, path, null));
      refusesNull("directory", () -> DirectoryWatch.of(null));
    }

    @Test
    void of_several_options_of_a_kind_the_last_counts_and_any_size_will_do() throws Exception {
      var told = new ArrayList<Long>();
      CancellableFiles.copy(
          NONE,
          new ByteArrayInputStream(new byte[4]),
          directory.resolve("target"),
          TransferOption.chunkSize(1),
          TransferOption.chunkSize(Integer.MAX_VALUE),
          TransferOption.progress(_ -> told.add(-1L)),
          TransferOption.progress(progress -> told.add(progress.done()), Duration.ZERO));
      assertEquals(List.of(0L, 4L, 4L), told);
    }

    @Test
    void a_listener_is_told_before_the_first_byte_after_a_chunk_and_when_all_are_there()
        throws Exception {
      Path source = file("source", "bytes");
      var told = new ArrayList<TransferProgress>();
      CancellableFiles.readAllBytes(
          NONE,
          source,
          TransferOption.chunkSize(3),
          TransferOption.progress(told::add, Duration.ZERO));
      assertEquals(List.of(0L, 3L, 5L, 5L), told.stream().map(TransferProgress::done).toList());
      assertEquals(OptionalLong.of(5), told.getFirst().total());
      var seldom = new ArrayList<Long>();
      CancellableFiles.readAllBytes(
          NONE,
          source,
          TransferOption.chunkSize(1),
          TransferOption.progress(p -> seldom.add(p.done()), Duration.ofDays(1)));
      assertEquals(List.of(0L, 5L), seldom);
    }

    @Test
    void a_fraction_is_from_zero_to_one() {
      assertEquals(OptionalDouble.of(1), new TransferProgress(9, OptionalLong.of(5)).fraction());
      assertEquals(OptionalDouble.of(1), new TransferProgress(0, OptionalLong.of(0)).fraction());
      assertEquals(OptionalDouble.of(0), new TransferProgress(0, OptionalLong.of(5)).fraction());
      assertEquals(
          OptionalDouble.empty(), new TransferProgress(9, OptionalLong.empty()).fraction());
    }

    /** Shows all. */
    private static final class All extends SimpleFileVisitor<Path> {}

    @Test
    void a_walk_asks_before_each_path() throws Exception {
      file("a", "");
      file("b", "");
      var stop = CancellationSource.create();
      try (var paths = CancellableFiles.walk(stop.token(), directory)) {
        var seen = new ArrayList<Path>();
        assertThrows(
            CancelledException.class,
            () ->
                paths.forEach(
                    path -> {
                      seen.add(path);
                      stop.cancel();
                    }));
        assertEquals(List.of(directory), seen);
      }
      isCancelled(() -> CancellableFiles.walk(CANCELLED, directory));
      isCancelled(() -> CancellableFiles.walkFileTree(CANCELLED, directory, new All()));
      assertThrows(
          NoSuchFileException.class, () -> CancellableFiles.walk(NONE, directory.resolve("none")));
      refuses(
          "maxDepth must not be negative: -1",
          () -> CancellableFiles.walk(CANCELLED, directory, -1));
      refuses(
          "maxDepth must not be negative: -1",
          () -> CancellableFiles.walkFileTree(CANCELLED, directory, Set.of(), -1, new All()));
      try (var paths = CancellableFiles.walk(NONE, directory, 0)) {
        assertEquals(List.of(directory), paths.toList());
      }
      assertSame(directory, CancellableFiles.walkFileTree(NONE, directory, new All()));
    }
  }

  /** DirectoryWatch. */
  @Nested
  class OfWatches {
    @Test
    void a_directory_that_is_none_is_refused() throws Exception {
      Path file = file("file", "");
      assertThrows(NotDirectoryException.class, () -> DirectoryWatch.of(file));
      try (var watch = DirectoryWatch.of(directory)) {
        assertThrows(NotDirectoryException.class, () -> watch.add(file));
        refusesNull("directory", () -> watch.add(null));
      }
    }

    @Test
    void a_directory_of_another_file_system_is_refused() throws Exception {
      Path archive = directory.resolve("a.zip");
      try (var other = FileSystems.newFileSystem(archive, Map.of("create", "true"));
          var watch = DirectoryWatch.of(directory)) {
        assertThrows(ProviderMismatchException.class, () -> watch.add(other.getPath("/")));
      }
    }

    @Test
    void zero_takes_what_is_there_and_a_time_that_has_passed_gives_none() throws Exception {
      try (var watch = DirectoryWatch.of(directory)) {
        assertEquals(List.of(), watch.poll(NONE, Duration.ZERO));
        Path file = file("file", "");
        var changes = new ArrayList<DirectoryWatch.Change>();
        await()
            .until(
                () -> {
                  changes.addAll(watch.poll(NONE, Duration.ZERO));
                  return !changes.isEmpty();
                });
        assertEquals(
            new DirectoryWatch.Change(DirectoryWatch.Kind.CREATED, file), changes.getFirst());
        assertThrows(
            IllegalArgumentException.class, () -> watch.poll(CANCELLED, Duration.ofSeconds(-1)));
        refusesNull("timeout", () -> watch.poll(NONE, null));
        refusesNull("token", () -> watch.take(null));
      }
    }

    @Test
    void an_interrupted_wait_stays_interrupted_and_loses_nothing() throws Exception {
      try (var watch = DirectoryWatch.of(directory)) {
        isInterrupted(() -> watch.take(NONE));
        Path file = file("file", "");
        assertEquals(file, watch.take(NONE).getFirst().path());
      }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void once_it_is_closed_methods_throw_and_who_waits_too(boolean virtual) throws Exception {
      var watch = DirectoryWatch.of(directory);
      var call = Call.waiting(virtual, () -> watch.take(NONE));
      watch.close();
      watch.close();
      assertInstanceOf(ClosedWatchServiceException.class, call.failure());
      assertThrows(ClosedWatchServiceException.class, () -> watch.take(NONE));
      assertThrows(ClosedWatchServiceException.class, () -> watch.poll(NONE, Duration.ZERO));
      assertThrows(ClosedWatchServiceException.class, () -> watch.add(directory));
      assertTrue(watch.toString().endsWith("(closed)"));
    }

    @Test
    void a_change_has_all_its_parts() {
      refusesNull("kind", () -> new DirectoryWatch.Change(null, directory));
      refusesNull("path", () -> new DirectoryWatch.Change(DirectoryWatch.Kind.LOST, null));
    }
  }

  /** CancellableProcess, its options and results, ProcessEnding. */
  @Nested
  class OfProcesses {
    private final ProcessBuilder sleeper = new ProcessBuilder("sleep", "60");

    @Test
    void if_the_token_is_cancelled_already_nothing_is_started() throws Exception {
      Path begun = directory.resolve("begun");
      isCancelled(
          () -> CancellableProcess.run(CANCELLED, new ProcessBuilder("touch", begun.toString())));
      assertEquals(List.of(), files());
    }

    @Test
    void the_builder_is_as_before_whether_or_not_it_can_be_started() throws Exception {
      for (String command : List.of("true", "no-such-command")) {
        var builder = new ProcessBuilder(command);
        var before = Map.copyOf(builder.environment());
        try {
          CancellableProcess.run(NONE, builder);
        } catch (IOException e) {
          assertEquals("no-such-command", command);
        }
        assertEquals(before, builder.environment());
      }
    }

    @Test
    void an_interrupted_wait_leaves_the_process_running_and_an_interrupted_run_ends_it()
        throws Exception {
      try (var process = CancellableProcess.start(sleeper, ProcessEnding.atOnce())) {
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> process.waitFor(NONE));
        assertTrue(process.process().isAlive());
      }
      Thread.currentThread().interrupt();
      assertThrows(
          InterruptedException.class,
          () ->
              CancellableProcess.run(
                  NONE, sleeper, options -> options.withEnding(ProcessEnding.atOnce())));
      assertEquals(
          0,
          ProcessHandle.current()
              .children()
              .filter(each -> each.info().arguments().map(a -> a[0].equals("60")).orElse(false))
              .filter(ProcessHandle::isAlive)
              .count());
    }

    @Test
    void a_cancelled_read_leaves_the_process_running_and_end_says_what_became_of_it()
        throws Exception {
      try (var process = CancellableProcess.start(sleeper)) {
        isCancelled(() -> process.output().read(CANCELLED));
        isCancelled(() -> process.errors().read(CANCELLED));
        assertTrue(process.process().isAlive());
        ProcessReport report = process.end(ProcessEnding.atOnce());
        assertEquals(List.of(process.process().toHandle()), report.found());
        assertEquals(report.found(), report.killed());
        assertEquals(List.of(), report.survivors());
        assertEquals(List.of(), process.end().found()); // it has ended already
        process.close();
      }
    }

    @Test
    void what_it_has_written_can_still_be_read_after_its_end() throws Exception {
      try (var process =
          CancellableProcess.start(new ProcessBuilder("sh", "-c", "echo x; exec sleep 60"))) {
        assertEquals('x', process.output().read(NONE));
        process.end();
        assertEquals("\n", new String(process.output().readAllBytes(NONE), UTF_8));
      }
    }

    @Test
    void if_it_has_ended_by_itself_its_descendants_are_left_alone() throws Exception {
      Path alive = directory.resolve("alive");
      try (var process =
          CancellableProcess.start(
              new ProcessBuilder("sh", "-c", "(sleep 0.3; echo > " + alive + ") & exit 3"))) {
        assertEquals(3, process.waitFor(NONE));
        assertEquals(3, process.waitFor(CANCELLED)); // completion beats cancellation
      }
      await().until(() -> Files.exists(alive));
    }

    @Test
    void output_beyond_the_limit_is_missing_and_says_so() throws Exception {
      byte[] input = {'i', 'n'};
      var result =
          CancellableProcess.run(
              NONE,
              new ProcessBuilder("cat"),
              options -> {
                var limited = options.withInput(input).withOutputLimit(1);
                input[0] = 'x'; // copied
                return limited;
              });
      assertEquals("i", result.output(UTF_8));
      assertTrue(result.isTruncated());
      assertEquals(0, result.exitCode());
      assertNotSame(result.outputBytes(), result.outputBytes());
      refusesNull("charset", () -> result.output(null));
      refusesNull("charset", () -> result.errors(null));
      assertTrue(
          CancellableProcess.run(
                  NONE,
                  new ProcessBuilder("cat"),
                  options -> options.withInput(input).withOutputLimit(0))
              .isTruncated());
    }

    @Test
    void arguments_are_checked() throws Exception {
      refusesNull("token", () -> CancellableProcess.run(null, sleeper));
      refusesNull("builder", () -> CancellableProcess.run(NONE, null));
      refusesNull("configure", () -> CancellableProcess.run(NONE, sleeper, null));
      refusesNull(
          "configure must not give null",
          () -> CancellableProcess.run(NONE, sleeper, options -> null));
      refusesNull("builder", () -> CancellableProcess.start(null));
      refusesNull("ending", () -> CancellableProcess.start(sleeper, null));
      refusesNull("process", () -> CancellableProcess.of(null, ProcessEnding.defaults()));
      refusesNull("ending", () -> CancellableProcess.run(NONE, sleeper, o -> o.withEnding(null)));
      refusesNull("input", () -> CancellableProcess.run(NONE, sleeper, o -> o.withInput(null)));
      refuses(
          "bytes must not be negative: -1",
          () -> CancellableProcess.run(NONE, sleeper, o -> o.withOutputLimit(-1)));
      var ending = ProcessEnding.defaults();
      refusesNull("grace", () -> ending.withGrace(null));
      refusesNull("patience", () -> ending.withPatience(null));
      refuses("grace must not be negative: PT-1S", () -> ending.withGrace(Duration.ofSeconds(-1)));
      refuses(
          "patience must not be negative: PT-1S",
          () -> ending.withPatience(Duration.ofSeconds(-1)));
      try (var process = CancellableProcess.start(new ProcessBuilder("true"))) {
        refusesNull("token", () -> process.waitFor(null));
        refusesNull("how", () -> process.end(null));
      }
    }

    @Test
    void the_endings_are_what_they_say() {
      assertEquals("ProcessEnding[grace PT5S, patience PT5S]", ProcessEnding.defaults().toString());
      assertEquals("ProcessEnding[grace PT0S, patience PT5S]", ProcessEnding.atOnce().toString());
    }

    @Test
    void a_process_whose_token_is_cancelled_while_nobody_waits_goes_on() throws Exception {
      var current = new AtomicReference<CancellableProcess>();
      Cancellation.run(
          CANCELLED,
          () -> {
            try {
              current.set(CancellableProcess.start(sleeper, ProcessEnding.atOnce()));
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      try (var process = Objects.requireNonNull(current.get())) {
        assertTrue(process.process().isAlive());
        assertThrows(
            CancelledException.class,
            () -> Cancellation.call(CANCELLED, () -> process.waitFor(Cancellation.current())));
        assertTrue(process.process().waitFor(20, TimeUnit.SECONDS)); // the JDK learns of it later
      }
    }
  }
}
