using System.Runtime.InteropServices;
using Dmkd.Contracts.Nodes;
using Dmkd.Grains.Routing;

namespace Dmkd.Grains.Tests.Routing;

public sealed class LibraryMomentsTests
{
    private static readonly int[] Classes = [3, 4];

    [Fact]
    public void Plus_TwoNodes_AreSummedInTheirOrder()
    {
        var (sum, refusals) = LibraryMoments.None.Plus(
            ["expert-1"],
            Classes,
            [("node-1", [Report()]), ("node-2", [Report()])]
        );
        Assert.Empty(refusals);
        Assert.Equal([4L, 6L], sum.Experts["expert-1"].Counts);
        Assert.Equal(2, sum.Experts["expert-1"].Products[0]);
    }

    [Fact]
    public void Decode_WhatWasEncoded_IsEqual()
    {
        var (sum, _) = LibraryMoments.None.Plus(["expert-1"], Classes, [("node-1", [Report()])]);
        Assert.Equal(sum.Encode(), LibraryMoments.Decode(sum.Encode()).Encode());
    }

    [Fact]
    public void Plus_ReportThatIsNotFinite_IsLeftOutByName()
    {
        var bad = Report() with { Sums = Bytes(1, float.NaN, 3, 4) };
        var (sum, refusals) = LibraryMoments.None.Plus(
            ["expert-1"],
            Classes,
            [("node-1", [bad]), ("node-2", [Report()])]
        );
        Assert.Equal("node-1: moments of expert-1 are left out: a value is not finite", Assert.Single(refusals));
        Assert.Equal([2L, 3L], sum.Experts["expert-1"].Counts);
    }

    [Fact]
    public void Plus_NoReportLeft_SaysWhy()
    {
        var error = Assert.Throws<InvalidOperationException>(() =>
            LibraryMoments.None.Plus(["expert-1"], Classes, [("node-1", [Report() with { Classes = [0, 1] }])])
        );
        Assert.Contains("its classes are 0, 1, not 3, 4", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, "it has 2 features, not 3")]
    [InlineData(2, null)]
    public void ProblemOf_OtherWidth_IsNamed(int known, string? problem) =>
        Assert.Equal(problem, LibraryMoments.ProblemOf(Report(), Classes, known));

    [Fact]
    public void ProblemOf_ClaimAboveTheLimit_IsNamed() =>
        Assert.Contains(
            "it counts 2, 3000 images",
            LibraryMoments.ProblemOf(Report() with { Counts = [2, 3_000] }, Classes, null),
            StringComparison.Ordinal
        );

    [Fact]
    public void ProblemOf_MissingBytes_IsNamed() =>
        Assert.Equal(
            "it has 16 and 8 bytes, not 16 and 12",
            LibraryMoments.ProblemOf(Report() with { Products = Bytes(1, 2) }, Classes, null)
        );

    private static MomentsReport Report() => new(2, Classes, [2, 3], Bytes(1, 2, 3, 4), Bytes(1, 2, 3));

    private static byte[] Bytes(params float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();
}
