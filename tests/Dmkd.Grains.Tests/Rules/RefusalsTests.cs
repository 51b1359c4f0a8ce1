using System.Net.Sockets;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Lifecycle;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans.Serialization;

namespace Dmkd.Grains.Tests.Rules;

/// <summary>What a silo throws reaches another process as what it is.</summary>
public sealed class RefusalsTests
{
    public static TheoryData<Exception> Troubles =>
        [
            new NpgsqlException("the connection is broken", new SocketException((int)SocketError.ConnectionReset)),
            new PostgresException("terminating connection due to administrator command", "FATAL", "FATAL", "57P01"),
            new StoreUnavailableException("the disk is full"),
            new OrleansException("the state was not stored", new NpgsqlException("the connection is broken")),
        ];

    [Theory]
    [MemberData(nameof(Troubles), DisableDiscoveryEnumeration = true)]
    public void Send_TroubleOfAStore_ArrivesAsOneThatPasses(Exception trouble)
    {
        using var services = new ServiceCollection().AddSerializer().AddRefusals().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        var arrived = serializer.Deserialize<Exception>(serializer.SerializeToArray<Exception>(trouble));
        Assert.IsType(trouble.GetType(), arrived);
        Assert.Contains(trouble.Message, arrived.Message, StringComparison.Ordinal);
        Assert.True(TransientErrors.IsOfAStore(arrived));
    }
}
