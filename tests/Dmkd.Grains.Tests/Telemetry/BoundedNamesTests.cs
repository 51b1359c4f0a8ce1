using Dmkd.Hosting.Telemetry;

namespace Dmkd.Grains.Tests.Telemetry;

public sealed class BoundedNamesTests
{
    [Fact]
    public void Of_MoreNamesThanAllowed_CallsFurtherOnesOther()
    {
        var names = new BoundedNames(2);
        Assert.Equal(["a", "b", "other", "a"], ((string[])["a", "b", "c", "a"]).Select(names.Of));
    }
}
