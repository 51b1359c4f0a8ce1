using Dmkd.Contracts.Runs;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Tests.Stages;

public sealed class RunEventLogTests
{
    private readonly List<RunEvent> _stored = [];
    private readonly FixedTime _clock = new(Examples.Now);

    [Fact]
    public void Add_Several_NumbersThemWithoutGaps()
    {
        var log = Log();
        for (int node = 0; node < 3; node++)
            log.Add(new NodeLeft($"{node}"));
        Assert.Equal([0, 1, 2], _stored.Select(entry => entry.Sequence - _stored[0].Sequence));
        Assert.All(_stored, entry => Assert.Equal(Examples.Now, entry.At));
        Assert.Equal(["2"], log.After(_stored[1].Sequence).OfType<NodeLeft>().Select(left => left.Node));
    }

    [Fact]
    public void Add_MoreThanAreKept_ForgetsTheOldest()
    {
        var log = Log(max: 3);
        for (int node = 0; node < 10; node++)
            log.Add(new NodeLeft($"{node}"));
        Assert.Equal(["7", "8", "9"], _stored.Cast<NodeLeft>().Select(left => left.Node));
    }

    [Fact]
    public void Add_ByALaterActivation_GoesOnWithHigherNumbersAlsoWhereTheClockIsBehind()
    {
        Log().Add(new NodeLeft("1"));
        long before = _stored[0].Sequence;
        var behind = new RunEventLog(() => _stored, 10, new FixedTime(Examples.Now - TimeSpan.FromHours(1)));
        behind.Add(new NodeLeft("2"));
        Assert.Equal(before + 1, _stored[1].Sequence);
    }

    [Fact]
    public void Serializer_KindOfANewerProgram_KeepsItsNumberAndItsName()
    {
        var serializer = new JsonStateSerializer();
        const string Newer = """[{"a":1,"sequence":7,"at":"2030-01-01T00:00:00+00:00","kind":"OfLater"}]""";
        var read = serializer.Deserialize<List<RunEvent>>(new BinaryData(Newer));
        Assert.Equal(
            new UnknownEvent("OfLater") { Sequence = 7, At = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero) },
            Assert.Single(read)
        );
        Assert.Equal(read, serializer.Deserialize<List<RunEvent>>(serializer.Serialize(read)));
    }

    private RunEventLog Log(int max = 10) => new(() => _stored, max, _clock);

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
