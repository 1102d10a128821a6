"""People as administrators see and change them: the tuple `peek.Person` and the calls that go with it."""

from collections.abc import Sequence

from peek_trio.nursery import platform_contracts as contracts
from peek_trio.security import Principal, admin, services_of
from peek_trio.security.people import FIRST_ADMIN, People, Person
from peek_trio.transport import Scope, Switchboard
from peek_trio.tuples import TupleSelector


def serve_people(board: Switchboard, scope: Scope, people: People) -> None:
    """Show the people to administrators and let them, and the operator's command line, make changes."""

    async def read(selector: TupleSelector, principal: Principal) -> Sequence[Person]:
        return await people.list()

    async def add(name: str, title: str, roles: list[str]) -> None:
        await people.add(name, title, roles)

    async def create_sign_in_link(name: str) -> str:
        return await people.create_link_code(name)

    async def first_sign_in_code() -> str | None:
        waiting = [person for person in await people.list() if person.name == FIRST_ADMIN and not person.has_password]
        return await people.create_link_code(FIRST_ADMIN) if waiting else None

    scope.provide(Person, read, allow=admin)
    scope.serve(contracts.add_person, add, allow=admin)
    scope.serve(contracts.set_person_roles, people.set_roles, allow=admin)
    scope.serve(contracts.set_person_password, people.set_password, allow=admin)
    scope.serve(contracts.remove_person, people.remove, allow=admin)
    scope.serve(contracts.create_sign_in_link, create_sign_in_link, allow=admin)
    scope.serve(contracts.first_sign_in_code, first_sign_in_code, allow=services_of("operator"))
    people.on_change.append(lambda: board.notify("peek.Person"))
