using Dmkd.Core.Devices;
using Dmkd.Hosting.Placement;

namespace Dmkd.Grains.Tests.Rules;

public sealed class DeviceNeedsTests
{
    [Theory]
    [InlineData("any", "run/node-1")]
    [InlineData("cuda", "run/node-1@cuda")]
    [InlineData("cpu", "run/node-1@cpu")]
    public void Of_KeyWithANeed_IsTheNeed(string need, string key)
    {
        Assert.Equal(key, DeviceNeeds.With("run/node-1", need));
        Assert.Equal(need, DeviceNeeds.Of(key));
    }

    [Theory]
    [InlineData("me@home/node-1")]
    [InlineData("run/node-1@tpu")]
    [InlineData("")]
    public void Of_KeyWithoutANeed_IsAny(string key) => Assert.Equal(DeviceKinds.Any, DeviceNeeds.Of(key));

    [Theory]
    [InlineData("any", "cpu cpu", "0 1")]
    [InlineData("any", "cpu cuda cpu cuda", "1 3")]
    [InlineData("any", "? cpu", "0 1")]
    [InlineData("cuda", "cpu cuda ?", "1")]
    [InlineData("cuda", "cpu ?", "")]
    [InlineData("cpu", "cpu cuda ?", "0")]
    public void Meeting_Silos_AreThoseWithTheDevice(string need, string devices, string expected) =>
        Assert.Equal(
            expected,
            string.Join(
                ' ',
                DeviceNeeds.Meeting([.. devices.Split(' ').Select(device => device == "?" ? null : device)], need)
            )
        );
}
