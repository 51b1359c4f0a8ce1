using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dmkd.Contracts.Libraries;
using Dmkd.Hosting.Lifecycle;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans.Storage;

namespace Dmkd.Hosting.Storage;

/// <summary>
/// Orleans' storage, which tells what lasts from what passes. It knows the database's own codes; those who ask, in other
/// processes, see the outcome only.
/// </summary>
internal sealed class StateStorage(IGrainStorage real, StoreOutages outages)
    : IGrainStorage,
        ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>Puts itself before the storage of a name.</summary>
    public static void PutBefore(IServiceCollection services, string name)
    {
        var real = services.Last(service =>
            service.ServiceType == typeof(IGrainStorage) && Equals(service.ServiceKey, name)
        );
        services.Remove(real);
        services.AddKeyedSingleton<IGrainStorage>(
            name,
            (provider, key) =>
                new StateStorage(
                    (IGrainStorage)real.KeyedImplementationFactory!(provider, key),
                    provider.GetRequiredService<StoreOutages>()
                )
        );
    }

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        try
        {
            await real.ReadStateAsync(stateName, grainId, grainState);
        }
        catch (Exception e) when (LastingFailures.CauseOf(e) is { } cause)
        {
            throw Of("read", stateName, grainId, cause);
        }
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        try
        {
            await real.WriteStateAsync(stateName, grainId, grainState);
            outages.Ended(this);
        }
        catch (Exception e) when (LastingFailures.CauseOf(e) is { } cause)
        {
            throw Of("written", stateName, grainId, cause);
        }
        catch (Exception e) when (TransientErrors.IsOfAStore(e))
        {
            outages.Began(this, $"the state cannot be stored: {LastingFailures.FirstLine(e)}");
            throw;
        }
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        try
        {
            await real.ClearStateAsync(stateName, grainId, grainState);
        }
        catch (Exception e) when (LastingFailures.CauseOf(e) is { } cause)
        {
            throw Of("removed", stateName, grainId, cause);
        }
    }

    public void Participate(ISiloLifecycle lifecycle) =>
        ((ILifecycleParticipant<ISiloLifecycle>)real).Participate(lifecycle);

    /// <summary>What is thrown where a row cannot be used.</summary>
    internal static StoredStateException Of(string verb, string stateName, GrainId grain, string cause) =>
        new($"The stored state {stateName} of '{grain.Key}' cannot be {verb}: {cause}");
}

/// <summary>Grain state as plain JSON, without type names: classes can be moved and renamed.</summary>
internal sealed class JsonStateSerializer : IGrainStorageSerializer
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public BinaryData Serialize<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input, Options));

    public T Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input.ToMemory().Span, Options)!;
}

/// <summary>Failures of a database, or of what it holds, that no repeat mends.</summary>
internal static class LastingFailures
{
    private const int SqliteError = 1; // of the statement: no such table or column
    private const int SqliteReadOnly = 8;
    private const int SqliteCorrupt = 11;
    private const int SqliteNotADatabase = 26;

    /// <summary>
    /// Classes of SQLSTATE: data exception, invalid authorization, no such database, no such schema, syntax error or
    /// access rule violation, internal error with data corrupted.
    /// </summary>
    private static readonly string[] LastingClasses = ["22", "28", "3D", "3F", "42", "XX"];

    /// <summary>Why a failure lasts, in one line; null when it may pass.</summary>
    public static string? CauseOf(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is JsonException or NotSupportedException or InvalidCastException)
                return $"its row is damaged, or of a newer program: {FirstLine(e)}";
            if (e is DbException failure && IsLasting(failure))
                return FirstLine(failure);
        }

        return null;
    }

    private static bool IsLasting(DbException failure) =>
        failure switch
        {
            SqliteException { SqliteErrorCode: SqliteError or SqliteReadOnly or SqliteCorrupt or SqliteNotADatabase } =>
                true,
            PostgresException { IsTransient: false } refusal => LastingClasses.Any(lasting =>
                refusal.SqlState.StartsWith(lasting, StringComparison.Ordinal)
            ),
            _ => false,
        };

    /// <summary>The first line of what it says.</summary>
    public static string FirstLine(Exception e) => e.Message.Split('\n', 2)[0].Trim();
}
