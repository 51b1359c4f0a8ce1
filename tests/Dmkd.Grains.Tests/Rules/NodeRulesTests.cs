using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Grains.Nodes;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

/// <summary>A node that holds its own weights of round 0, grown from version 1, and is asked for round 1.</summary>
public sealed class NodeRulesTests
{
    private const string Local = "sha256:local";
    private const string Base = "sha256:base";

    [Fact]
    public void StartingDigest_RoundAfterOneWithoutMerge_IsTheLocalWeights() =>
        Assert.Equal(Local, NodeRules.StartingDigest(Holding(), Request()));

    [Fact]
    public void StartingDigest_NothingHeld_IsTheBase() =>
        Assert.Equal(Base, NodeRules.StartingDigest(new NodeState(), Request()));

    [Fact]
    public void StartingDigest_AfterAMergeRound_IsTheBase() =>
        Assert.Equal(Base, NodeRules.StartingDigest(Holding(local: null), Request()));

    [Fact]
    public void StartingDigest_NewerBase_IsTheBase() =>
        Assert.Equal(Base, NodeRules.StartingDigest(Holding(), Request(baseVersion: 2)));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void StartingDigest_NotTheNextRound_IsTheBase(int round) =>
        Assert.Equal(Base, NodeRules.StartingDigest(Holding(), Request(round)));

    [Fact]
    public void StartingDigest_OtherModuleHeld_IsTheBase() =>
        Assert.Equal(
            Base,
            NodeRules.StartingDigest(Holding(), Request() with { Module = Descriptor(name: "expert-2") })
        );

    [Fact]
    public void Finished_HeldWork_IsFound() => Assert.NotNull(NodeRules.Finished(Holding(), Request(round: 0).WorkKey));

    [Fact]
    public void Finished_OtherRound_IsNull() => Assert.Null(NodeRules.Finished(Holding(), Request(round: 1).WorkKey));

    [Fact]
    public void Finished_WorkThatIsNotDone_IsNull()
    {
        var state = Holding();
        state.Held["expert-1"].IsDone = false;
        Assert.Null(NodeRules.Finished(state, Request(round: 0).WorkKey));
    }

    [Theory]
    [InlineData("packed", true)]
    [InlineData("trained", true)]
    [InlineData("nothing", false)]
    public void HasResult_OfAnUpdateToSend_NeedsWhatItIsSentFrom(string kept, bool expected)
    {
        var held = Holding().Held["expert-1"];
        held.Packed = kept == "packed" ? new StoredBlob("sha256:packed", 1) : null;
        held.Trained = kept == "trained" ? "sha256:trained" : null;
        Assert.Equal(expected, NodeRules.HasResult(held, Request(round: 0)));
        Assert.True(NodeRules.HasResult(held, Request(round: 0) with { Merging = null })); // nothing is sent
        Assert.False(NodeRules.HasResult(held, Request(round: 1)));
        Assert.False(NodeRules.HasResult(null, Request(round: 0)));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(4, false)]
    public void IsOutdated_RequestForAnOlderRound_ComesTooLate(int round, bool expected)
    {
        var state = new NodeState { Held = { ["expert-1"] = Held(round: 3) } };
        Assert.Equal(expected, NodeRules.IsOutdated(state, Request(round)));
        Assert.Equal(expected, NodeRules.IsOutdated(state, Request(round).WorkKey));
    }

    [Fact]
    public void IsOutdated_OtherRunOrModule_IsNot()
    {
        var state = new NodeState { Held = { ["expert-1"] = Held(round: 3) } };
        Assert.False(NodeRules.IsOutdated(state, Request() with { RunId = "other" }));
        Assert.False(NodeRules.IsOutdated(state, Request() with { Module = Descriptor(name: "expert-2") }));
        Assert.False(NodeRules.IsOutdated(state, "other/key/1"));
        Assert.False(NodeRules.IsOutdated(state, "no round"));
    }

    [Theory]
    [InlineData("sha256:new", null, 0)] // held already
    [InlineData("sha256:parent", "sha256:basis", 20)] // the update alone
    [InlineData("sha256:parent", "sha256:older basis", 27)]
    [InlineData("sha256:parent", null, 27)]
    [InlineData("sha256:other", "sha256:basis", 100)]
    [InlineData(null, null, 100)]
    public void BytesToFetch_OfAVersion_AreThoseThatTheNodeLacks(string? held, string? basis, long expected)
    {
        var module = Held(round: 0);
        (module.BaseDigest, module.BasisDigest) = (held, basis);
        var version = new ModuleVersion
        {
            Number = 2,
            Digest = "sha256:new",
            ParentDigest = "sha256:parent",
            Bytes = 100,
            Update = new StoredBlob("sha256:update", 20),
            Basis = new StoredBlob("sha256:basis", 7),
        };
        Assert.Equal(expected, NodeRules.BytesToFetch(module, version));
        Assert.Equal(
            held == "sha256:parent" ? 20 : expected,
            NodeRules.BytesToFetch(module, version with { Basis = null })
        );
    }

    [Fact]
    public void BytesToFetch_NothingHeldOrNoUpdate_IsTheWholeVersion()
    {
        var version = Version(2, "sha256:new", "sha256:parent");
        var module = Held(round: 0);
        module.BaseDigest = "sha256:parent";
        Assert.Equal(version.Bytes, NodeRules.BytesToFetch(module, version));
        Assert.Equal(version.Bytes, NodeRules.BytesToFetch(null, version));
    }

    [Theory]
    [InlineData(1, 0.5, "next")]
    [InlineData(1, 0.0, "before")] // it counted for nothing
    [InlineData(0, 0.5, "before")] // another round's version
    public void ResidualAfter_AnUpdate_IsFedBackOnlyWhenItWasMerged(int round, double weight, string expected)
    {
        var held = Held(round: 1);
        (held.Residual, held.NextResidual) = ("before", "next");
        var merged = Version(2) with { Round = round, Contributions = [new("run/node-1", 7, 100, "sha256:x", weight)] };
        Assert.Equal(expected, NodeRules.ResidualAfter(held, "run/node-1", [Version(), merged]));
        Assert.Equal("before", NodeRules.ResidualAfter(held, "run/node-2", [Version(), merged]));
        held.NextResidual = null;
        Assert.Equal("before", NodeRules.ResidualAfter(held, "run/node-1", [Version(), merged]));
        Assert.Null(NodeRules.ResidualAfter(null, "run/node-1", [merged]));
    }

    private static HeldModule Held(int round) =>
        new()
        {
            WorkKey = Request(round).WorkKey,
            RunId = RunId,
            Round = round,
            BaseVersion = 1,
        };

    [Theory]
    [InlineData(0.5, 0.75, true)]
    [InlineData(double.NaN, 0.75, false)] // it diverged: its update is judged as it is
    [InlineData(double.PositiveInfinity, 0.75, false)]
    [InlineData(0.5, null, false)]
    public void TrainingOf_Report_TellsNumbersOnly(double loss, double? accuracy, bool isTold)
    {
        var report = Holding().Held["expert-1"].Report! with { MeanLoss = loss, Accuracy = accuracy };
        var expected = isTold ? new TrainingFigures(loss, accuracy!.Value) : null;
        Assert.Equal(expected, NodeRules.TrainingOf(report));
    }

    private static NodeState Holding(string? local = Local) =>
        new()
        {
            Held =
            {
                ["expert-1"] = new HeldModule
                {
                    WorkKey = Request(round: 0).WorkKey,
                    Round = 0,
                    BaseVersion = 1,
                    LocalDigest = local,
                    Report = new LocalUpdateReport
                    {
                        SampleCount = 1,
                        MeanLoss = 1,
                        DeviceSeconds = 1,
                        DownloadedBytes = 1,
                    },
                },
            },
        };
}
