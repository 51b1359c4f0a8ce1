using System.Data.Common;

namespace Dmkd.Grains.Hosting;

/// <summary>The database of a silo's state, to ask whether it answers.</summary>
/// <param name="connect">Makes a connection, closed.</param>
public sealed class StateDatabase(Func<DbConnection> connect)
{
    /// <summary>Whether a connection can be opened and a query is answered; false also when it takes too long.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = connect();
            await connection.OpenAsync(cancellationToken);
            await using var command = connection.CreateCommand();
            command.CommandText = "SELECT 1";
            return await command.ExecuteScalarAsync(cancellationToken) is not null;
        }
        catch (Exception e) when (e is DbException or TimeoutException or InvalidOperationException or OperationCanceledException)
        {
            return false;
        }
    }
}
