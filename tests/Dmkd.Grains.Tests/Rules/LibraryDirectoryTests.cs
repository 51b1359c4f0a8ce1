using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Tests.Stages;

namespace Dmkd.Grains.Tests.Rules;

/// <summary>What the directory of runs keeps of what it is told, and of what it is told late.</summary>
public sealed class LibraryDirectoryTests
{
    private readonly MemorySlot<LibraryDirectoryState> _slot = new();

    [Fact]
    public async Task Record_WhatIsKnown_IsNotStoredAgain()
    {
        var directory = new LibraryDirectory(_slot, () => { });
        await directory.RecordAsync(Line(RunPhase.Assign));
        await directory.RecordAsync(Line(RunPhase.Assign));
        Assert.Single(_slot.Stored);
    }

    [Fact]
    public async Task Record_AStartThatComesAfterTheEnd_IsIgnored()
    {
        var directory = new LibraryDirectory(_slot, () => { });
        await directory.RecordAsync(Line(RunPhase.Completed));
        await directory.RecordAsync(Line(RunPhase.Assign));
        Assert.Equal(RunPhase.Completed, Assert.Single(directory.Runs).Phase);
    }

    [Fact]
    public async Task Record_ALaterRunOfTheSameName_Replaces()
    {
        var directory = new LibraryDirectory(_slot, () => { });
        await directory.RecordAsync(Line(RunPhase.Completed));
        await directory.RecordAsync(Line(RunPhase.Assign, startedAt: 1));
        Assert.Equal(RunPhase.Assign, Assert.Single(directory.Runs).Phase);
    }

    private static RunSummary Line(RunPhase phase, int startedAt = 0) =>
        new()
        {
            RunId = "run",
            Library = "run",
            Data = new DataSource { Kind = "synthetic", Seed = 1 },
            Phase = phase,
            StartedAt = DateTimeOffset.UnixEpoch.AddDays(startedAt),
        };
}
