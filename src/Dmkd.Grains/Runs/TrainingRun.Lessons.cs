using System.Diagnostics;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Routing;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Routing;

namespace Dmkd.Grains.Runs;

/// <summary>A library that parties grow: a run whose tasks are asked for one by one (docs/adr/0032).</summary>
internal sealed partial class TrainingRun
{
    /// <inheritdoc cref="ITrainingRunGrain.LearnAsync"/>
    public async Task<int> LearnAsync(Lesson lesson)
    {
        ArgumentNullException.ThrowIfNull(lesson);
        if (State.Settings is null)
            throw new InvalidOperationException($"There is no library '{_runId}'.");
        if (State.Settings.Library is null)
            throw new InvalidOperationException(
                $"'{_runId}' is a run, an experiment with tasks of its own; only a library that was created learns on."
            );
        if (State.Phase is RunPhase.Failed || State.IsStopped)
            throw new InvalidOperationException(
                $"The last lesson of library '{_runId}' {(State.IsStopped ? "was stopped" : "failed")}: go on with it "
                    + $"first, by runs resume {_runId}."
            );
        if (PlaceOf(lesson) is { } place)
            return place; // asked for already: the answer was lost
        var offered = await OfferedAsync();
        var asked = State.Lessons.Aggregate(State.Settings, (before, other) => Lessons.Add(before, other, offered));
        var learned = Lessons.Add(asked, lesson, offered);
        if (IsUnderWay)
        {
            State.Lessons.Add(lesson);
            await _writer.WriteAsync();
            return State.Lessons.Count;
        }

        await _engine.EndedAsync(); // the lesson before may still tell that it is over
        await _host.SetReminderAsync();
        Begin(learned);
        State.Phase = RunPhase.Assign;
        await _writer.WriteAsync();
        await AnnounceAsync();
        _engine.Start();
        return 0;
    }

    /// <summary>Takes the next lesson up, when one waits; one that cannot be learned any more is told and left out.</summary>
    /// <returns>Whether there is one to learn.</returns>
    public async Task<bool> TakeLessonAsync()
    {
        while (State.Lessons.Count > 0)
        {
            var lesson = State.Lessons[0];
            try
            {
                var learned = Lessons.Add(State.Settings!, lesson, await OfferedAsync());
                State.Lessons.RemoveAt(0);
                Begin(learned);
                return true;
            }
            catch (InvalidOperationException e)
            {
                State.Lessons.RemoveAt(0);
                _engine.Tell(new LessonRefused(lesson.Classes, e.Message));
            }
        }

        return false;
    }

    /// <summary>Stores a library that nobody has taught yet.</summary>
    private async Task CreateAsync(RunSettings settings)
    {
        if (RunGate.Of(settings).Needs.HasFlag(GateNeeds.Task))
            throw new ArgumentException(
                $"gate {settings.Routing.Gate} knows the task of a test image: only an experiment has it."
            );
        State.Settings = settings;
        State.StartedAt = _services.Time.GetUtcNow();
        await _writer.WriteAsync();
        await AnnounceAsync();
    }

    /// <summary>The library has one more task from here on, the next to be learned.</summary>
    private void Begin(RunSettings learned)
    {
        State.Settings = learned;
        State.Task = learned.Tasks - 1;
        State.StartedAt = _services.Time.GetUtcNow();
        State.Trace = Activity.Current?.Id;
        State.Arrivals = []; // other nodes, other classes: how long they took before says little
        State.Missed = [];
    }

    /// <summary>Lessons before one that is under way or waits; null when it does neither.</summary>
    private int? PlaceOf(Lesson lesson)
    {
        if (!IsUnderWay)
            return null;
        if (State.Settings!.Library!.Tasks[^1].Classes.AsSpan().SequenceEqual(lesson.Classes))
            return 0;
        int waiting = State.Lessons.FindIndex(other => other.Classes.AsSpan().SequenceEqual(lesson.Classes));
        return waiting < 0 ? null : waiting + 1;
    }

    private Task<IReadOnlyList<OfferedNode>> OfferedAsync() =>
        _host.Grains.GetGrain<INodeDirectoryGrain>(INodeDirectoryGrain.Key).ListAsync();
}
