using Dmkd.Contracts.Settings;
using Dmkd.Grains.Runs.Rounds;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

public sealed class RunParticipationTests
{
    [Fact]
    public void HoldersOf_TwoOfFive_DifferFromTaskToTaskAndStayTheSame()
    {
        var settings = TinySettings() with
        {
            Participation = TinySettings().Participation with { Nodes = 5, Holders = 2 },
        };
        int[][] holders = [.. Enumerable.Range(0, 20).Select(task => RunParticipation.HoldersOf(settings, task))];
        Assert.All(holders, nodes => Assert.Equal(2, nodes.Length));
        Assert.Equal(Enumerable.Range(0, 5), holders.SelectMany(nodes => nodes).Distinct().Order());
        Assert.Equal(holders[7], RunParticipation.HoldersOf(settings, 7));
    }

    [Fact]
    public void BeginRound_HalfOfTheHolders_DrawsThemAnewForEveryMerge()
    {
        var state = new TrainingRunState
        {
            Settings = Settings(8, 2) with
            {
                Participation = Settings(8, 2).Participation with { Nodes = 6, Share = 0.5 },
            },
        };
        var drawn = new List<int[]>();
        for (state.Round = 0; state.Round < 8; state.Round++)
        {
            RunParticipation.BeginRound(state);
            drawn.Add(state.Participants);
        }

        Assert.All(drawn, nodes => Assert.Equal(3, nodes.Length));
        Assert.Equal(drawn[0], drawn[1]); // no merge between them: the same nodes train on
        Assert.True(drawn.Select(nodes => string.Join(' ', nodes)).Distinct().Count() > 1);
    }

    [Fact]
    public void BeginRound_ShareThatIsNoWholeNumber_IsRoundedUpAndTriedAnew()
    {
        var settings = TinySettings() with
        {
            Participation = TinySettings().Participation with { Nodes = 9, Share = 0.5 },
        };
        var state = new TrainingRunState { Settings = settings, Attempts = 2 };
        RunParticipation.BeginRound(state);
        Assert.Equal((5, 0), (state.Participants.Length, state.Attempts));
        Assert.Equal(state.Participants.Order(), state.Participants);
    }

    [Fact]
    public void BeginRound_NodeThatHasLeft_TakesNoPart()
    {
        var state = new TrainingRunState
        {
            Settings = TinySettings() with { Participation = TinySettings().Participation with { Nodes = 3 } },
            Absent = [1],
        };
        RunParticipation.BeginRound(state);
        Assert.Equal([0, 2], state.Participants);
    }

    [Fact]
    public void Expected_NodeThatMissedTwoRounds_IsNotWaitedFor()
    {
        var state = new TrainingRunState
        {
            Settings = TinySettings(),
            Participants = [0, 1, 2],
            Missed = { [1] = 2, [2] = 1 },
        };
        Assert.Equal([0, 2], RunParticipation.Expected(state));
    }

    [Fact]
    public void Expected_OneNodeIsLeft_IsThatOne()
    {
        var state = new TrainingRunState
        {
            Settings = TinySettings(),
            Participants = [0, 1],
            Missed = { [0] = 2 },
        };
        Assert.Equal([1], RunParticipation.Expected(state));
    }

    [Fact]
    public void Expected_AllMissedTwoRounds_AreAll() =>
        Assert.Equal(
            [0],
            RunParticipation.Expected(
                new TrainingRunState
                {
                    Settings = TinySettings(),
                    Participants = [0],
                    Missed = { [0] = 5 },
                }
            )
        );

    private static RunSettings Settings(int rounds, int mergeEvery) =>
        TinySettings() with
        {
            Training = TinySettings().Training with { Rounds = rounds },
            Merging = TinySettings().Merging with { MergeEvery = mergeEvery },
        };
}
