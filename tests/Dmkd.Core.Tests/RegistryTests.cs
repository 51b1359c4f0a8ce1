using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Routing;

namespace Dmkd.Core.Tests;

public sealed class RegistryTests
{
    [Fact]
    public void Names_OfClasses_AreInTheirOrder() => // and a later rule comes after them
        Assert.Equal(
            ["mean", "weighted", "clipped", "trimmed", "median", "krum", "nnm"],
            IMergeRule.Known.Names.Take(7)
        );

    [Fact]
    public void Names_OfConstants_AreInTheirOrder() =>
        Assert.Equal(["none", "affine", "discriminant"], Calibrations.Known.Names);

    [Fact]
    public void Find_ValueOfAnEnumeration_IsIt()
    {
        Assert.Equal(PartitionStrategy.Random, PreservationWays.Partitions.Find("random"));
        Assert.Equal("random", PreservationWays.Partitions.NameOf(PartitionStrategy.Random));
    }

    [Fact]
    public void Find_Method_IsCalled() =>
        Assert.Equal(7, ArchitectureCatalog.Usual.Find("resnet20-b")(7, 32).OutputCount);

    [Fact]
    public void Find_NameWithAParameter_PassesIt() => Assert.Equal("krum-2", IMergeRule.Known.Find("krum-2").Name);

    [Fact]
    public void NameOf_ClassWithAParameter_IsItsName() =>
        Assert.Equal("krum", IMergeRule.Known.NameOf(IMergeRule.Known.Find("krum-2")));

    [Theory]
    [InlineData(
        "vote",
        "There is no merge rule 'vote'; there are: mean, weighted, clipped, trimmed, median, krum, nnm"
    )]
    [InlineData("mean-2", "There is no merge rule 'mean-2'; there are: mean")]
    [InlineData("krum-x", "The parameter of merge rule 'krum-x' must be a whole number, as in krum-2; it is 'x'.")]
    [InlineData(
        "krum-1e9",
        "The parameter of merge rule 'krum-1e9' must be a whole number, as in krum-2; it is '1e9'."
    )]
    [InlineData(
        "krum-99999999999",
        "The parameter of merge rule 'krum-99999999999' must be a whole number up to 2147483647"
    )]
    [InlineData("nnm-x", "The parameter of merge rule 'nnm-x' must be a number, as in nnm-0.3; it is 'x'.")]
    public void ProblemOf_WrongText_SaysWhatThereIs(string text, string expected) =>
        Assert.StartsWith(expected, IMergeRule.Known.ProblemOf(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("Mean", "mean")]
    [InlineData("geometric-medain", "geometric-median")]
    [InlineData("geometricmedian", "geometric-median")]
    [InlineData("vote", null)]
    [InlineData("x", null)]
    public void ProblemOf_NearlyRight_AsksAfterTheName(string text, string? expected)
    {
        string problem = IMergeRule.Known.ProblemOf(text)!;
        if (expected is null)
            Assert.EndsWith("nnm-0.3.", problem, StringComparison.Ordinal);
        else
            Assert.EndsWith($" Did you mean {expected}?", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void ProblemOf_EveryExample_IsNothing()
    {
        foreach (var entry in IMergeRule.Known.Entries.Where(entry => entry.Example is not null))
        {
            Assert.Null(IMergeRule.Known.ProblemOf(entry.Example!));
            Assert.NotNull(entry.Parameter); // what the reference says of it
        }
    }
}
